"""Requests to the service by `wrk`, on connections that are kept, and how they went."""

import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

import msgspec

from tests.bench.measurement import NotHereError
from tests.support.service import token

SCRIPT: Final = Path(__file__).with_name("requests.lua")
CONNECTIONS: Final = 16
TOKENS_A_USER: Final = 3
# Long enough for whatever is measured beside it: it is told when to stop.
UNTIL_STOPPED_S: Final = 3_600


class FailedRequestsError(Exception):
    """Some answers were no 200: what was measured is no figure."""


class Load(msgspec.Struct, frozen=True):
    """How a run went; `failed` are answers other than 200, and none at all.

    `took` has how long a request took, by what it is: a median, a mean.
    """

    requests: int
    seconds: float
    failed: int
    took: dict[str, float]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


@dataclass(frozen=True)
class Asking:
    """A path and the token it is asked with."""

    path: str
    token: str


def askings(path: str, users: int) -> list[Asking]:
    """The path for each user with each of a few tokens; the platform's where it names no user."""
    now = datetime.now(UTC)
    names = [f"user-{number}" for number in range(users)] if "{user}" in path else [""]
    return [
        Asking(
            path.format(user=name),
            token(name or f"reader-{spare}", "user" if name else "platform", now + spare),
        )
        for spare in (timedelta(seconds=n) for n in range(TOKENS_A_USER))
        for name in names
    ]


def ask(url: str, wanted: Sequence[Asking], seconds: int) -> Load:
    """Asks as fast as answers come; FailedRequestsError where any answer is not 200."""
    with _asking(url, wanted, seconds, pause_ms=0) as process:
        return _told(process)


@contextmanager
def asked(url: str, wanted: Sequence[Asking], per_second: int) -> Iterator[list[Load]]:
    """Asks about that often until the block ends; then the list holds how it went."""
    loads: list[Load] = []
    pause_ms = 1_000 * CONNECTIONS // per_second
    with _asking(url, wanted, UNTIL_STOPPED_S, pause_ms) as process:
        yield loads
        # It then tells what it has measured, as at the end of its time.
        process.send_signal(signal.SIGINT)
        loads.append(_told(process))


@contextmanager
def _asking(
    url: str, wanted: Sequence[Asking], seconds: int, pause_ms: int
) -> Iterator[subprocess.Popen[str]]:
    if shutil.which("wrk") is None:
        raise NotHereError("wrk is not installed")
    with NamedTemporaryFile("w", encoding="utf-8") as file:
        file.writelines(f"{asking.path} {asking.token}\n" for asking in wanted)
        file.flush()
        words = ["--threads", "1", "--connections", str(CONNECTIONS), "--latency"]
        words += ["--duration", f"{seconds}s", "--script", str(SCRIPT), url]
        with subprocess.Popen(
            ["wrk", *words, "--", file.name, str(pause_ms)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()


def _told(process: subprocess.Popen[str]) -> Load:
    _, told = process.communicate()
    if process.returncode:
        raise FailedRequestsError(f"wrk ended with {process.returncode}: {told}")
    return told_by(told)


def told_by(text: str) -> Load:
    """The figures in the last line that wrk's script wrote."""
    load = msgspec.json.decode(text.splitlines()[-1], type=Load)
    if load.failed or not load.requests:
        raise FailedRequestsError(f"{load.failed} of {load.requests} answers were no 200")
    return load

"""Sends requests with `wrk` on persistent connections, and returns its figures."""

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
# An upper limit: the load ends with SIGINT, when the concurrent measurement is done.
UNTIL_STOPPED_S: Final = 3_600


class FailedRequestsError(Exception):
    """Some responses were not 200, so the figures are invalid."""


class Load(msgspec.Struct, frozen=True):
    """The figures of a run; `failed` counts responses other than 200 and missing responses.

    `took` has durations of a request by statistic, such as `p99 ms`.
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
class Request:
    """A path and the token to request it with."""

    path: str
    token: str


def requests_for(path: str, users: int) -> list[Request]:
    """The path for each user and each of a few tokens; platform tokens if it has no user."""
    now = datetime.now(UTC)
    names = [f"user-{number}" for number in range(users)] if "{user}" in path else [""]
    return [
        Request(
            path.format(user=name),
            token(name or f"reader-{spare}", "user" if name else "platform", now + spare),
        )
        for spare in (timedelta(seconds=n) for n in range(TOKENS_A_USER))
        for name in names
    ]


def send(url: str, wanted: Sequence[Request], seconds: int) -> Load:
    """Send requests without pauses; FailedRequestsError if any response is not 200."""
    with _running_wrk(url, wanted, seconds, pause_ms=0) as process:
        return _result(process)


@contextmanager
def under_load(url: str, wanted: Sequence[Request], per_second: int) -> Iterator[list[Load]]:
    """Send about `per_second` requests/s until the block ends, then add the `Load` to the list."""
    loads: list[Load] = []
    pause_ms = 1_000 * CONNECTIONS // per_second
    with _running_wrk(url, wanted, UNTIL_STOPPED_S, pause_ms) as process:
        yield loads
        # On SIGINT, wrk prints its figures as at the end of its duration.
        process.send_signal(signal.SIGINT)
        loads.append(_result(process))


@contextmanager
def _running_wrk(
    url: str, wanted: Sequence[Request], seconds: int, pause_ms: int
) -> Iterator[subprocess.Popen[str]]:
    if shutil.which("wrk") is None:
        raise NotHereError("wrk is not installed")
    with NamedTemporaryFile("w", encoding="utf-8") as file:
        file.writelines(f"{one.path} {one.token}\n" for one in wanted)
        file.flush()
        options = ["--threads", "1", "--connections", str(CONNECTIONS), "--latency"]
        options += ["--duration", f"{seconds}s", "--script", str(SCRIPT), url]
        with subprocess.Popen(
            ["wrk", *options, "--", file.name, str(pause_ms)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()


def _result(process: subprocess.Popen[str]) -> Load:
    _, output = process.communicate()
    if process.returncode:
        raise FailedRequestsError(f"wrk ended with {process.returncode}: {output}")
    return load_of(output)


def load_of(text: str) -> Load:
    """The figures in the last line of the output of wrk's script."""
    load = msgspec.json.decode(text.splitlines()[-1], type=Load)
    if load.failed or not load.requests:
        raise FailedRequestsError(f"{load.failed} of {load.requests} responses were not 200")
    return load

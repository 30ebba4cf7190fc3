"""`fleetgauge serve` as a process, and requests to it byte for byte as they are told."""

import http.client
import json
import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx

from tests.support.process import Running, fleetgauge
from tests.support.service import bearer, token

PATIENCE_S = 20.0


@dataclass(frozen=True)
class Answer:
    """What came back: the status, and the body as text."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True)
class Serving:
    """A running service, and where it is."""

    process: Running
    url: str

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 0

    @property
    def pid(self) -> int:
        return self.process.pid

    def client(self) -> httpx.Client:
        """A client as dashboards have one; to be closed."""
        return httpx.Client(base_url=self.url, timeout=PATIENCE_S)

    def connect(self) -> socket.socket:
        """A connection on which nothing has been said."""
        return socket.create_connection(self.address, timeout=PATIENCE_S)

    def await_ready(self) -> None:
        """Returns once `/readyz` says 200; AssertionError after 30 seconds."""
        deadline = time.monotonic() + 30
        with self.client() as client:
            while (answer := client.get("/readyz")).status_code != 200:
                assert time.monotonic() < deadline, answer.text

    def metric(self, series: str) -> float:
        """The value of a series such as `name{label="value"}`; 0 where it is not there."""
        with self.client() as client:
            text = client.get("/metrics").text
        found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.M)
        return float(found[1]) if found else 0.0


class Caller:
    """Asks on one connection; paths and headers go out as they are, which libraries tidy up."""

    def __init__(self, serving: Serving) -> None:
        self._link = http.client.HTTPConnection(*serving.address, timeout=PATIENCE_S)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to a GET of exactly this path."""
        given = {"Host": "fleetgauge", **(headers or {})}
        self._link.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
        for name, value in given.items():
            self._link.putheader(name, value)
        self._link.endheaders()
        response = self._link.getresponse()
        text = response.read().decode()
        return Answer(response.status, dict(response.getheaders()), text)

    def close(self) -> None:
        """Ends the connection."""
        self._link.close()


@contextmanager
def calling(serving: Serving) -> Iterator[Caller]:
    """A caller, closed at the end."""
    caller = Caller(serving)
    try:
        yield caller
    finally:
        caller.close()


@contextmanager
def served(variables: Mapping[str, str], **more: str) -> Iterator[Serving]:
    """The process, once it listens, on a port that was free; killed at the end."""
    own = {"FLEETGAUGE_HTTP_PORT": "0", "FLEETGAUGE_HTTP_METRICS_ON_MAIN_PORT": "true"}
    with fleetgauge({**variables, **own, **more}, "serve") as process:
        told = json.loads(process.await_line('"listening"'))
        yield Serving(process, told["address"])


def holder(sub: str, scope: str = "user") -> dict[str, str]:
    """The header of somebody whose token holds for an hour from now."""
    return bearer(token(sub, scope, datetime.now(UTC)))

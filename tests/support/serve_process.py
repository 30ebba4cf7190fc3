"""`fleetgauge serve` as a process, and requests to it that are sent unchanged."""

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
    """A response: status, headers, and the body as text."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True)
class Serving:
    """A running service and its address."""

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
        """A client as in a dashboard; the caller closes it."""
        return httpx.Client(base_url=self.url, timeout=PATIENCE_S)

    def connect(self) -> socket.socket:
        """A new connection, before any request."""
        return socket.create_connection(self.address, timeout=PATIENCE_S)

    def await_ready(self) -> None:
        """Waits until `/readyz` returns 200; AssertionError after 30 seconds."""
        deadline = time.monotonic() + 30
        with self.client() as client:
            while (answer := client.get("/readyz")).status_code != 200:
                assert time.monotonic() < deadline, answer.text

    def metric(self, series: str) -> float:
        """The value of a series such as `name{label="value"}`; 0 if it does not exist."""
        with self.client() as client:
            text = client.get("/metrics").text
        found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.M)
        return float(found[1]) if found else 0.0


class Caller:
    """Sends requests on one connection, with paths and headers that no library normalizes."""

    def __init__(self, serving: Serving) -> None:
        self._link = http.client.HTTPConnection(*serving.address, timeout=PATIENCE_S)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """The response to a GET of exactly this path."""
        given = {"Host": "fleetgauge", **(headers or {})}
        self._link.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
        for name, value in given.items():
            self._link.putheader(name, value)
        self._link.endheaders()
        response = self._link.getresponse()
        text = response.read().decode()
        return Answer(response.status, dict(response.getheaders()), text)

    def close(self) -> None:
        """Closes the connection."""
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
    """The process, after it listens on a free port; killed at the end."""
    own = {"FLEETGAUGE_HTTP_PORT": "0", "FLEETGAUGE_HTTP_METRICS_ON_MAIN_PORT": "true"}
    with fleetgauge({**variables, **own, **more}, "serve") as process:
        line = json.loads(process.await_line('"listening"'))
        yield Serving(process, line["address"])


def holder(sub: str, scope: str = "user") -> dict[str, str]:
    """The header with a token that is valid for an hour from now."""
    return bearer(token(sub, scope, datetime.now(UTC)))

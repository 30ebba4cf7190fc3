"""One connection of HTTP/1.1: its requests, one after the other, and how long each may take.

Requests have no body here, which keeps this short: llhttp (Node's parser, strict) reads the heads,
the application answers, and whatever else a client sends ends the connection.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol, cast
from urllib.parse import unquote

import httptools
import structlog

from query.reply import Reply

log = structlog.get_logger(__name__)

# A connection that sends nothing, or not all of a head, is ended after this: it takes a place.
HEAD_TIMEOUT_S: Final = 5.0
# Twice what the application takes, so that it is the one to refuse, in a sentence.
MAX_HEAD_BYTES: Final = 32_768
# To a client that does not read its answer, and for a body that nobody reads.
WRITE_TIMEOUT_S: Final = 30.0
LINGER_S: Final = 2.0
_MALFORMED: Final = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"connection: close\r\ncontent-length: 0\r\n\r\n"
)

App = Callable[[Any, Any, Any], Any]


class Owner(Protocol):
    """Whoever holds connections: told when one becomes idle or busy, and when it is gone."""

    def idle(self, connection: "Connection") -> None: ...
    def busy(self, connection: "Connection") -> None: ...
    def gone(self, connection: "Connection") -> None: ...


class _Request(NamedTuple):
    scope: dict[str, Any]
    is_last: bool


class Connection(asyncio.Protocol):
    """Parses heads and answers them in order; one timer at a time bounds what it waits for."""

    def __init__(self, app: App, owner: Owner, idle_timeout_s: float) -> None:
        self._app = app
        self._owner = owner
        self._idle_timeout_s = idle_timeout_s
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._requests: deque[_Request] = deque()
        self._answering: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ends_at = float("inf")
        # What came while a request was answered.
        self._unread = b""
        self._writable = asyncio.Event()
        self._writable.set()
        self._reply: Reply | None = None
        # Since the last head that was whole.
        self._head_bytes = 0
        self._is_in_head = False
        self._takes_more = True
        self._transport: asyncio.Transport
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []

    def finish(self) -> None:
        """Takes no further request: ends now, or after the answer to the current one."""
        self._takes_more = False
        if self._reply is None:
            self._transport.close()
        elif not self._requests:
            self._reply.is_last = True

    # asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._wait_at_most(HEAD_TIMEOUT_S)

    def connection_lost(self, _: Exception | None) -> None:
        self._stop_waiting()
        self._takes_more = False
        self._requests.clear()
        self._writable.set()
        self._owner.gone(self)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        if not self._takes_more:
            return
        if self._reply is None:
            self._read(data)
            return
        self._unread += data
        if len(self._unread) > MAX_HEAD_BYTES:
            # The rest stays in the system's buffer.
            self._transport.pause_reading()

    def _read(self, data: bytes) -> None:
        if self._reply is None and self._head_bytes == 0:
            self._owner.busy(self)
            self._wait_at_most(HEAD_TIMEOUT_S)
        self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # The head is whole, and nothing is upgraded.
            self._takes_more = False
        except httptools.HttpParserError:
            self._refuse(_MALFORMED)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(_TOO_LARGE)
        self._answer_next()

    # The parser calls these.

    def on_message_begin(self) -> None:
        self._is_in_head = True
        self._url, self._headers = b"", []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if not self._takes_more:
            return
        self._head_bytes, self._is_in_head = 0, False
        self._takes_more = self._parser.should_keep_alive() and not _has_body(self._headers)
        self._requests.append(_Request(self._scope(), is_last=not self._takes_more))

    def _scope(self) -> dict[str, Any]:
        path, query = _target(self._url)
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": self._parser.get_http_version(),
            "method": self._parser.get_method().decode(),
            "scheme": "http",
            "path": unquote(path.decode("ascii")),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": self._headers,
            "client": self._transport.get_extra_info("peername")[:2],
            "server": self._transport.get_extra_info("sockname")[:2],
        }

    def _answer_next(self) -> None:
        if self._reply is not None or not self._requests:
            return
        self._ends_at = float("inf")
        scope, is_last = self._requests.popleft()
        self._reply = Reply(scope, self._transport.write, is_last=is_last)
        # The loop itself holds tasks weakly.
        self._answering = self._loop.create_task(self._answer(scope, self._reply))

    async def _answer(self, scope: dict[str, Any], reply: Reply) -> None:
        try:
            await self._app(scope, reply.receive, reply.send)
        except Exception as error:
            log.exception("request failed", path=scope["path"], error=type(error).__name__)
        reply.end()
        if not self._writable.is_set():
            await self._await_reader()
        self._reply = None
        if not self._transport.is_closing():
            self._go_on(reply)

    async def _await_reader(self) -> None:
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await self._writable.wait()
        except TimeoutError:
            self._transport.abort()

    def _go_on(self, answered: Reply) -> None:
        if answered.is_last or (not self._takes_more and not self._requests):
            self._linger()
        elif self._requests:
            self._answer_next()
        else:
            self._rest()
            self._read_on()

    def _read_on(self) -> None:
        if unread := self._unread:
            self._unread = b""
            self._transport.resume_reading()
            self._read(unread)

    def _rest(self) -> None:
        if self._is_in_head:
            self._wait_at_most(HEAD_TIMEOUT_S)
        else:
            self._owner.idle(self)
            self._wait_at_most(self._idle_timeout_s)

    def _linger(self) -> None:
        """Ends our side first: unread bytes would have the system throw the answer away."""
        self._takes_more = False
        self._transport.resume_reading()
        self._transport.write_eof()
        self._wait_at_most(LINGER_S)

    def _refuse(self, answer: bytes) -> None:
        """Ends the connection, and answers what cannot be read where nothing else is answered."""
        self._takes_more = False
        if self._reply is None and not self._requests and not self._transport.is_closing():
            self._transport.write(answer)
            self._linger()

    def _wait_at_most(self, seconds: float) -> None:
        """Ends the connection after so long, unless told otherwise."""
        self._ends_at = self._loop.time() + seconds
        # A timer that comes too early starts another: cheaper than one for each request.
        if self._timer is None or self._timer.when() > self._ends_at:
            self._stop_waiting()
            self._timer = self._loop.call_at(self._ends_at, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._loop.time() >= self._ends_at:
            self._transport.close()
        elif self._ends_at < float("inf"):
            self._timer = self._loop.call_at(self._ends_at, self._look)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _has_body(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(
        (name == b"content-length" and value != b"0") or name == b"transfer-encoding"
        for name, value in headers
    )


def _target(url: bytes) -> tuple[bytes, bytes]:
    """Path and query of a request's target; `*` and names without a path are paths here."""
    if not url.startswith((b"/", b"http")):
        return url, b""
    parsed = httptools.parse_url(url)
    return parsed.path or b"/", parsed.query or b""

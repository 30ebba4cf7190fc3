"""One HTTP/1.1 connection: uvicorn's, with the limits that uvicorn lacks.

httptools (llhttp) parses requests strictly, so a proxy and `serve` agree on where each one ends.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

import msgspec
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from query.limits import HEADERS, announces_body
from schemas.responses import Error

# To receive a head: from its first byte, but not before the connection is open and the previous
# answer sent. Until then a client without a token occupies one of the limited connections.
HEAD_TIMEOUT_S: Final = 5.0
# For a client to read its answer.
WRITE_TIMEOUT_S: Final = 30.0
# Twice the application's limit, so that the application rejects with a sentence.
MAX_HEAD_BYTES: Final = 32_768
# Requests that one client sends before the first answer.
MAX_PIPELINED: Final = 16

_MALFORMED: Final = (
    HTTPStatus.BAD_REQUEST,
    "The request is not valid HTTP/1.1, or its method is unknown.",
)
_TOO_LARGE: Final = (
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    f"A request's head may have at most {MAX_HEAD_BYTES} bytes.",
)


class Connection(HttpToolsProtocol):
    """A connection that does not stay open for a slow or silent client."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        idle_timeout_s: float,
        on_dispensable: Callable[[], None],
    ) -> None:
        """`on_dispensable` is called when this connection becomes idle and when it has ended."""
        super().__init__(config, server_state, app_state)
        self.timeout_keep_alive = idle_timeout_s  # type: ignore[assignment] # any number
        self._on_dispensable = on_dispensable
        self._refusal = _MALFORMED
        self._idle_since: float | None = None
        self._is_in_head = False
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # So that `pause_writing` is called for every answer that the client leaves unread.
        transport.set_write_buffer_limits(0)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        for timer in (self._head_timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        self._on_dispensable()

    def data_received(self, data: bytes) -> None:
        self._idle_since = None
        self._head_bytes += len(data)
        super().data_received(data)
        if not self._is_answering and not self.transport.is_closing():
            self._await_head()
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head = True

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_HEAD_BYTES:
            self._refusal = _TOO_LARGE
            raise ValueError("refused")

    def on_headers_complete(self) -> None:
        is_known = self.parser.get_http_version() in {"1.0", "1.1"}
        if not is_known or len(self.pipeline) + self._is_answering >= MAX_PIPELINED:
            raise ValueError("refused")
        self._is_in_head = False
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        super().on_headers_complete()
        if any(announces_body(*header) for header in self.headers):
            # Closed after the answer, since nothing limits how long a body takes.
            self.cycle.keep_alive = False

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing() or self._is_answering:
            return
        if self._is_in_head:
            self._await_head()
        else:
            self._idle_since = self.loop.time()
            self._on_dispensable()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_timer = self.loop.call_later(WRITE_TIMEOUT_S, self.timeout_keep_alive_handler)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
        self._on_dispensable()

    def timeout_keep_alive_handler(self) -> None:
        """Ends the connection without waiting for the client to read what was sent."""
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Refuses what could not be parsed; uvicorn's own sentence is not used."""
        self._refuse(self._refusal)

    @property
    def idle_since(self) -> float | None:
        """The loop's time of the last answer.

        None before it, and while a request or an answer is on its way.
        """
        return None if self.transport.get_write_buffer_size() else self._idle_since

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self.timeout_keep_alive_handler)

    def _refuse(self, refusal: tuple[HTTPStatus, str]) -> None:
        """Answers and closes. Requests before this one are answered; then it only closes."""
        if self.transport.is_closing():
            return
        if self._is_answering:
            self.cycle.keep_alive = False
            self.flow.pause_reading()
            return
        status, sentence = refusal
        body = msgspec.json.encode(Error(error=sentence))
        headers = (
            *self.server_state.default_headers,
            *HEADERS,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        )
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(STATUS_LINE[status] + lines + b"\r\n" + body)
        self.transport.close()

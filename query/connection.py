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

from schemas.responses import Error

# From a connection's start or a head's first byte to the head's end. Until then a client without
# a token occupies one of the limited connections.
HEAD_TIMEOUT_S: Final = 5.0
# How long a client may leave its answer unread.
WRITE_TIMEOUT_S: Final = 30.0
# Twice the application's limit, so that the application rejects with a sentence.
MAX_HEAD_BYTES: Final = 32_768
# Requests that were sent before the answer to an earlier one.
MAX_PIPELINED: Final = 16

_MALFORMED: Final = "The request is not valid HTTP/1.1."
_TOO_LARGE: Final = f"A request's head may have at most {MAX_HEAD_BYTES} bytes."


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
        self._idle_since: float | None = None
        self._is_in_head = False
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
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
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head = True

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= MAX_PIPELINED:
            raise ValueError("too many requests before the first answer")
        self._is_in_head = False
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        super().on_headers_complete()
        if self._announces_body() or self.parser.should_upgrade():
            # What follows is no request, and has no time limit.
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

    def timeout_keep_alive_handler(self) -> None:
        """Ends the connection without waiting for the client to read what was sent."""
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Refuses what is not HTTP; uvicorn's own sentence is not used."""
        self._refuse(HTTPStatus.BAD_REQUEST, _MALFORMED)

    @property
    def idle_since(self) -> float | None:
        """The loop's time of the last answer; None while a request or an answer is on its way."""
        return None if self.transport.get_write_buffer_size() else self._idle_since

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _announces_body(self) -> bool:
        return any(
            (name == b"content-length" and value != b"0") or name == b"transfer-encoding"
            for name, value in self.headers
        )

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self.timeout_keep_alive_handler)

    def _refuse(self, status: HTTPStatus, sentence: str) -> None:
        """Answers and closes; after requests before this one have been answered, only closes."""
        if self._is_answering:
            self.cycle.keep_alive = False
            self.flow.pause_reading()
            return
        body = msgspec.json.encode(Error(error=sentence))
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[status] + head % len(body) + body)
        self.transport.close()

"""One answer: what the application sends by ASGI, as the bytes of HTTP/1.1."""

import time
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

_WITHOUT_LENGTH: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_FAILED: Final = {"status": HTTPStatus.INTERNAL_SERVER_ERROR, "headers": []}


class Reply:
    """Writes an answer's head with the first piece of its body; `end` is called in any case."""

    def __init__(
        self, scope: dict[str, Any], write: Callable[[bytes], None], *, is_last: bool
    ) -> None:
        self._is_http_1_0 = scope["http_version"] == "1.0"
        self._write = write
        self._start: dict[str, Any] = _FAILED
        self._is_begun = False
        self._is_whole = False
        self._is_received = False
        # Whether the connection ends after it; it may be decided until the head is written.
        self.is_last = is_last

    async def receive(self) -> dict[str, Any]:
        """The body, which no request has; then nothing is to come."""
        if self._is_received:
            return {"type": "http.disconnect"}
        self._is_received = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: dict[str, Any]) -> None:
        """Takes what ASGI sends: the start, then the body, in one piece or in several."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        body, has_more = message.get("body", b""), message.get("more_body", False)
        self._is_whole = not has_more
        if self._is_begun:
            self._write(body)
        else:
            self._is_begun = True
            self._write(self._head(None if has_more else len(body)) + body)

    def end(self) -> None:
        """Where the application sent no answer, 500; after a part of one, the connection ends."""
        if not self._is_begun:
            self._start = _FAILED
            self._is_begun = True
            self.is_last = True
            self._write(self._head(0))
        elif not self._is_whole:
            self.is_last = True

    def _head(self, length: int | None) -> bytes:
        status, headers = self._start["status"], list(self._start["headers"])
        if status not in _WITHOUT_LENGTH and not any(n == b"content-length" for n, _ in headers):
            if length is None:
                self.is_last = True
            else:
                headers.append((b"content-length", b"%d" % length))
        headers.append((b"date", _date(int(time.time()))))
        if self.is_last:
            headers.append((b"connection", b"close"))
        elif self._is_http_1_0:
            headers.append((b"connection", b"keep-alive"))
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        return b"%b%b\r\n" % (_status_line(status), lines)


@lru_cache(64)
def _status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()


@lru_cache(1)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()

"""Finds the message boundaries of PostgreSQL's protocol in a stream of bytes."""

from collections.abc import Iterator
from typing import Final

HEAD_BYTES: Final = 4
# A request for TLS or GSSAPI, whose response is one byte; a longer message is the startup message.
REQUEST_BYTES: Final = 8


class Messages:
    """Parses one direction of one connection, from its first byte."""

    def __init__(self, *, of_client: bool) -> None:
        self._of_client = of_client
        self._is_opening = True
        self._head = b""
        self._left = 0

    def begin_at(self, data: bytes) -> Iterator[int]:
        """The positions in the stream's next bytes at which a message begins."""
        at = 0
        while at < len(data):
            if self._left:
                step = min(self._left, len(data) - at)
                self._left -= step
                at += step
                continue
            if not self._head:
                yield at
            if self._is_opening and not self._of_client and data[at : at + 1] in b"NS":
                at += 1
                continue
            self._head += data[at : at + 1]
            at += 1
            self._end_head()

    def _end_head(self) -> None:
        is_typed = not (self._of_client and self._is_opening)
        if len(self._head) < HEAD_BYTES + is_typed:
            return
        length = int.from_bytes(self._head[is_typed:])
        self._left = length - HEAD_BYTES
        self._is_opening = self._of_client and self._is_opening and length <= REQUEST_BYTES
        self._head = b""

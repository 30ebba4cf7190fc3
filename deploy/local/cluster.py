"""Which Kafka cluster answers on a port, asked in Kafka's own protocol: a client would be slow."""

import socket
import struct
from contextlib import suppress

from deploy.local.ports import LOOPBACK

SECONDS = 1.0
# Whatever is longer comes from no broker that was asked for no topic.
MOST_BYTES = 65_536
# Metadata (3), version 2, of no topic.
REQUEST = struct.pack(">hhihi", 3, 2, 0, -1, 0)


def cluster_at(port: int) -> str | None:
    """The id of the cluster whose broker serves on a port; None where none does yet.

    The port opens a moment earlier, while the controller still fences the broker off: it then
    knows of no broker.
    """
    address = (LOOPBACK, port)
    with suppress(OSError, struct.error), socket.create_connection(address, SECONDS) as link:
        link.sendall(struct.pack(">i", len(REQUEST)) + REQUEST)
        (size,) = struct.unpack(">i", link.recv(4, socket.MSG_WAITALL))
        if 0 < size <= MOST_BYTES:
            return read_cluster(link.recv(size, socket.MSG_WAITALL))
    return None


def read_cluster(answer: bytes) -> str | None:
    """The id in an answer: it stands behind the brokers. Raises struct.error at what is none."""
    _correlation, brokers = struct.unpack_from(">ii", answer)
    at = 8
    for _ in range(brokers):
        _host, at = _text(answer, at + 4)
        _rack, at = _text(answer, at + 4)
    return _text(answer, at)[0] if brokers > 0 else None


def _text(answer: bytes, at: int) -> tuple[str | None, int]:
    """The text that begins at `at`, and where it ends."""
    (length,) = struct.unpack_from(">h", answer, at)
    begin = at + 2
    if length < 0:
        return None, begin
    return answer[begin : begin + length].decode(errors="replace"), begin + length

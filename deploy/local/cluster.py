"""Finds the cluster id of the broker on a port, by raw protocol: a Kafka client would be slow."""

import socket
import struct
from contextlib import suppress

from deploy.local.ports import LOOPBACK

SECONDS = 1.0
# A broker's answer for no topic is shorter: anything longer is not from a broker.
MOST_BYTES = 65_536
# Metadata (3), version 2, of no topic.
REQUEST = struct.pack(">hhihi", 3, 2, 0, -1, 0)


def cluster_at(port: int) -> str | None:
    """The cluster id of the broker on a port; None if it does not serve yet.

    The port opens while the controller still fences the broker. Its answer then lists no broker.
    """
    address = (LOOPBACK, port)
    with suppress(OSError, struct.error), socket.create_connection(address, SECONDS) as link:
        link.sendall(struct.pack(">i", len(REQUEST)) + REQUEST)
        (size,) = struct.unpack(">i", link.recv(4, socket.MSG_WAITALL))
        if 0 < size <= MOST_BYTES:
            return read_cluster(link.recv(size, socket.MSG_WAITALL))
    return None


def read_cluster(answer: bytes) -> str | None:
    """The cluster id in an answer, after the brokers. Raises struct.error if malformed."""
    _correlation, brokers = struct.unpack_from(">ii", answer)
    at = 8
    for _ in range(brokers):
        _host, at = _text(answer, at + 4)
        _rack, at = _text(answer, at + 4)
    return _text(answer, at)[0] if brokers > 0 else None


def _text(answer: bytes, at: int) -> tuple[str | None, int]:
    """The nullable string at offset `at`, and the offset after it."""
    (length,) = struct.unpack_from(">h", answer, at)
    begin = at + 2
    if length < 0:
        return None, begin
    return answer[begin : begin + length].decode(errors="replace"), begin + length

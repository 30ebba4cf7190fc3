"""A fake broker that claims to be of another cluster, on a port that the stack needs."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

CLUSTER: Final = "another-cluster-of-22-b"


def answer(cluster: str | None, brokers: int = 1) -> bytes:
    """A Metadata response, version 2, without its size: brokers at `localhost`, one with a rack."""
    response = struct.pack(">ii", 0, brokers)
    for number in range(brokers):
        rack = _text(None if number else "rack")
        response += struct.pack(">i", number) + _text("localhost") + struct.pack(">i", 9092) + rack
    return response + _text(cluster) + struct.pack(">ii", 0, 0)


def _text(text: str | None) -> bytes:
    if text is None:
        return struct.pack(">h", -1)
    return struct.pack(">h", len(text)) + text.encode()


@contextmanager
def answering(port: int, words: bytes) -> Iterator[int]:
    """Listens on a port (0: any) and sends the same bytes to every client; yields the port."""
    with socket.create_server(("127.0.0.1", port)) as server:
        thread = threading.Thread(target=_serve, args=(server, words), daemon=True)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            # Wakes `accept`; closing the socket would not.
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(server: socket.socket, words: bytes) -> None:
    with suppress(OSError):
        while True:
            link, _ = server.accept()
            with link, suppress(OSError):
                link.recv(1_024)
                link.sendall(words)


def framed(words: bytes) -> bytes:
    """The bytes with their size in front, as in Kafka's protocol."""
    return struct.pack(">i", len(words)) + words

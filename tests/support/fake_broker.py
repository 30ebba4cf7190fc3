"""A broker of another cluster, as far as it says so, on a port that somebody else wants."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

CLUSTER: Final = "another-cluster-of-22-b"


def answer(cluster: str | None, brokers: int = 1) -> bytes:
    """Metadata, version 2, without its size: brokers at `localhost`, one of them in a rack."""
    told = struct.pack(">ii", 0, brokers)
    for number in range(brokers):
        rack = _text(None if number else "rack")
        told += struct.pack(">i", number) + _text("localhost") + struct.pack(">i", 9092) + rack
    return told + _text(cluster) + struct.pack(">ii", 0, 0)


def _text(text: str | None) -> bytes:
    if text is None:
        return struct.pack(">h", -1)
    return struct.pack(">h", len(text)) + text.encode()


@contextmanager
def answering(port: int, words: bytes) -> Iterator[int]:
    """Listens on a port (0: any), and says the same to whoever comes; yields the port."""
    with socket.create_server(("127.0.0.1", port)) as server:
        thread = threading.Thread(target=_serve, args=(server, words), daemon=True)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            # Wakes `accept`; closing alone does not.
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
    """With the size in front, as Kafka has it."""
    return struct.pack(">i", len(words)) + words

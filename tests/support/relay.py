"""A TCP relay to a server that a test opens and closes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def relay(port: int, target: tuple[str, int]) -> Iterator[None]:
    """Relays connections to this loopback port to `target`, until the end of the block."""
    opened: list[socket.socket] = []
    listener = socket.create_server(("127.0.0.1", port))
    accepting = threading.Thread(target=_accept, args=(listener, target, opened))
    accepting.start()
    try:
        yield
    finally:
        for one in [listener, *opened]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        accepting.join()


def _accept(listener: socket.socket, target: tuple[str, int], opened: list[socket.socket]) -> None:
    with suppress(OSError):
        while True:
            near, _ = listener.accept()
            far = socket.create_connection(target)
            opened += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while received := source.recv(65_536):
            sink.sendall(received)
        sink.shutdown(socket.SHUT_WR)

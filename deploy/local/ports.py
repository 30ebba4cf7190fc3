"""Which loopback ports an instance listens on."""

import socket
from collections.abc import Callable, Collection, Mapping

LOOPBACK = "127.0.0.1"
FIRST_CHOICE = {"kafka": 9092, "controller": 9093, "database": 5432}


def is_free(port: int) -> bool:
    """Whether nothing listens on the port, on loopback or on every address."""
    with socket.socket() as probe:
        # Closed connections that linger on the port are no reason to leave it.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def is_open(port: int) -> bool:
    """Whether something accepts connections on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0


def settle(
    wanted: Mapping[str, int], used: Collection[int], free: Callable[[int], bool] = is_free
) -> dict[str, int]:
    """A port for each name: the one wanted, or the next above it that is free and not `used`.

    Counting upwards stays below the range from which the system takes ports for outgoing
    connections, so a stopped part finds its port again.
    """
    chosen: dict[str, int] = {}
    for name, port in wanted.items():
        while port in used or port in chosen.values() or not free(port):
            port += 1
        chosen[name] = port
    return chosen

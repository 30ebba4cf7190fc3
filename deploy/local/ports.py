"""Selects the loopback ports that an instance listens on."""

import socket
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from zlib import crc32

LOOPBACK = "127.0.0.1"
FIRST_CHOICE = {"kafka": 9092, "controller": 9093, "database": 5432}


def first_choice(folder: Path, home: Path) -> dict[str, int]:
    """The ports to try first: the well-known ones for the instance in `home`.

    Other instances start at an offset derived from their folder, so that an instance that starts
    while another one's part is briefly stopped does not take its port.
    """
    if folder == home:
        return dict(FIRST_CHOICE)
    shift = 100 + len(FIRST_CHOICE) * (crc32(str(folder).encode()) % 1_000)
    return {name: port + shift for name, port in FIRST_CHOICE.items()}


def is_free(port: int) -> bool:
    """Whether nothing listens on the port, on loopback or on every address."""
    with socket.socket() as probe:
        # Connections in TIME_WAIT do not make the port unusable.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def settle(
    wanted: Mapping[str, int], used: Collection[int], free: Callable[[int], bool] = is_free
) -> dict[str, int]:
    """A port for each name: the wanted one, or the next above it that is free and not `used`.

    Counting upwards stays below the ephemeral port range, so a stopped part finds its port free.
    """
    chosen: dict[str, int] = {}
    for name, port in wanted.items():
        while port in used or port in chosen.values() or not free(port):
            port += 1
        chosen[name] = port
    return chosen

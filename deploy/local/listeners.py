"""Finds the process that listens on a port of this machine, from `/proc`."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
LISTENING = "0A"
# Loopback and the wildcard address, in the kernel's notation, for both families.
TAKING = {
    "0100007F",
    "00000000",
    "0" * 32,
    "0000000000000000FFFF00000100007F",
}


def listener(port: int, proc: Path = PROC) -> str:
    """A description of the process on a port: pid, program and folder.

    Its arguments are left out, because they may contain a password.
    """
    pid = find(port, proc)
    if pid is None:
        return "a process that cannot be seen from here"
    home = proc / str(pid)
    program, folder = "?", "?"
    with suppress(OSError):
        program = (home / "comm").read_text().strip()
        folder = str((home / "cwd").readlink())
    return f"process {pid} ({program} in {folder})"


def find(port: int, proc: Path = PROC) -> int | None:
    """The process that listens on a port of the loopback; None if none is visible."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(port, proc)}
    with suppress(OSError):
        for home in proc.iterdir():
            if home.name.isdecimal() and not sockets.isdisjoint(_open_files(home)):
                return int(home.name)
    return None


def _inodes(port: int, proc: Path) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (proc / "net" / table).read_text().splitlines()[1:]:
                _, local, _, state, *rest = line.split()
                address, _, number = local.partition(":")
                if state == LISTENING and address in TAKING and int(number, 16) == port:
                    yield rest[5]


def _open_files(home: Path) -> Iterator[str]:
    # The files of another user's process, or of one that has just ended, are not readable.
    with suppress(OSError):
        for link in (home / "fd").iterdir():
            with suppress(OSError):
                yield link.readlink().name

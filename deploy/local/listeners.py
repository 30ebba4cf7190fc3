"""Who listens on a port of this machine, as far as `/proc` shows it."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
LISTENING = "0A"
# Loopback and every address, as the kernel writes them, for both families.
TAKING = {
    "0100007F",
    "00000000",
    "0" * 32,
    "0000000000000000FFFF00000100007F",
}


def listener(port: int, proc: Path = PROC) -> str:
    """The process on a port, for people: number, program and folder.

    Not its other words: they may hold somebody's password.
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
    """The process that listens on a port of the loopback; None where none is to be seen."""
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
    # Another user's processes, and those that have just ended, show none.
    with suppress(OSError):
        for link in (home / "fd").iterdir():
            with suppress(OSError):
                yield link.readlink().name

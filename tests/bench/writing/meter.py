"""Measures a run: wall time, CPU of the writer and of the database, WAL."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psutil
import psycopg

# Polling interval: the maximum delay until a commit is noticed.
LOOK_EVERY_S = 0.01
TRIES = 5


@dataclass(frozen=True)
class Run:
    """The committed rows and their cost; None if it cannot be measured."""

    rows: int
    wall_s: float
    writer_cpu_s: float | None
    database_cpu_s: float | None
    wal_bytes: int | None


@dataclass
class Meter:
    """Measures the writer processes and the server between `start` and `stop`."""

    connection: psycopg.Connection[Any]
    writers: tuple[int, ...]
    _began: tuple[float, float | None, float | None, int] = field(init=False)

    def start(self) -> None:
        self._began = self._read()

    def stop(self, rows: int) -> Run:
        """Return the run since `start`, in which `rows` rows were committed."""
        wall, writer, database, wal = self._read()
        began_wall, began_writer, began_database, began_wal = self._began
        return Run(
            rows=rows,
            wall_s=wall - began_wall,
            writer_cpu_s=_difference(writer, began_writer),
            database_cpu_s=_difference(database, began_database),
            wal_bytes=wal - began_wal,
        )

    def _read(self) -> tuple[float, float | None, float | None, int]:
        now = time.perf_counter()
        writer = sum(cpu_s(pid) for pid in self.writers)
        server = server_pid(self.connection)
        database = None if server is None else cpu_s(server)
        return now, writer, database, wal_position(self.connection)


@contextmanager
def open_meter(database_url: str, writers: Iterable[int]) -> Iterator[Meter]:
    """A meter for the writer processes, with its own connection."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield Meter(connection, tuple(writers))


def cpu_s(pid: int) -> float:
    """CPU-seconds of a process and its descendants, including ended ones."""
    total = 0.0
    for _ in range(TRIES):
        members = _tree(pid)
        total = sum(map(_own_cpu_s, members))
        # A child that ends during the sum moves its CPU to its parent: lost or counted twice.
        if _tree(pid) == members:
            break
    return total


def _tree(pid: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def _own_cpu_s(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0


def server_pid(connection: psycopg.Connection[Any]) -> int | None:
    """The server's postmaster; None if it does not run on this machine."""
    with suppress(psutil.Error):
        backend = psutil.Process(connection.info.backend_pid)
        parent = backend.parent()
        if backend.name() == "postgres" and parent is not None and parent.name() == "postgres":
            return parent.pid
    return None


def wal_position(connection: psycopg.Connection[Any]) -> int:
    """Bytes of write-ahead log written since the cluster was created."""
    ((position,),) = connection.execute(
        "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
    ).fetchall()
    return int(position)


def _difference(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before

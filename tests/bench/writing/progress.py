"""The number of committed rows, which are written in the order of their topic."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

import psycopg

from tests.bench.writing.meter import LOOK_EVERY_S, Meter, Run

Connection = psycopg.Connection[Any]


class Progress(Protocol):
    """Returns the number of committed rows, at negligible cost for the database."""

    def __call__(self, connection: Connection, /) -> int: ...


class StalledError(Exception):
    """Expected rows were not stored."""


def stored_offsets(topic: str) -> Progress:
    """Progress by Fleetgauge's stored offsets, for one sample per message."""

    def rows(connection: Connection) -> int:
        ((offset,),) = connection.execute(
            "select coalesce(sum(next_offset), 0)::bigint from ingest_offsets where topic = %s",
            [topic],
        ).fetchall()
        return int(offset)

    return rows


def stored_row(agent_key: int, ts: datetime, number: int) -> Progress:
    """Progress by the last of `number` rows: 0 until it is stored."""

    def rows(connection: Connection) -> int:
        found = connection.execute(
            "select from agent_samples where agent_key = %s and ts = %s", [agent_key, ts]
        ).fetchone()
        return 0 if found is None else number

    return rows


def reach(
    connection: Connection,
    progress: Progress,
    rows: int,
    deadline_s: float,
    check: Callable[[], None] = lambda: None,
) -> int:
    """Wait until at least `rows` rows are committed, and return their number.

    `check` raises if the writer has ended. StalledError after `deadline_s`.
    """
    ends = time.monotonic() + deadline_s
    while (found := progress(connection)) < rows:
        if time.monotonic() > ends:
            raise StalledError(f"{found:,} of {rows:,} rows after {deadline_s:.0f} s")
        check()
        time.sleep(LOOK_EVERY_S)
    return found


def measure_between(
    meter: Meter,
    progress: Progress,
    rows: tuple[int, int],
    deadline_s: float,
    check: Callable[[], None],
) -> Run:
    """Measure from the commit that reaches `rows[0]` to the one that reaches `rows[1]`."""
    before = reach(meter.connection, progress, rows[0], deadline_s, check)
    meter.start()
    after = reach(meter.connection, progress, rows[1], deadline_s, check)
    return meter.stop(after - before)

"""A peer: its table, its process and its progress."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import psycopg

from tests.bench.measurement import Bench
from tests.bench.writing.databases import empty_database
from tests.bench.writing.geometry import EPOCH, MICROSECOND, Geometry
from tests.bench.writing.meter import Run, open_meter
from tests.bench.writing.processes import check, running
from tests.bench.writing.progress import Connection, StalledError, measure_between

DEADLINE_S = 180.0
# A typical table: ids as text, one index on time, one chunk per day.
OWN_TABLE = """
create table samples (
    ts timestamptz not null,
    "userId" text,
    "agentId" text,
    cpu double precision,
    memory double precision,
    messages bigint,
    errors bigint,
    "responseMs" double precision
);
select create_hypertable('samples', by_range('ts', interval '1 day'))
"""


@dataclass(frozen=True)
class Job:
    """A peer's parameters. The consumer group is new and starts at the beginning of the topic."""

    kafka_bootstrap: str
    topic: str
    group: str
    url: str
    folder: Path


@dataclass(frozen=True)
class Peer:
    """Another tool that writes from Kafka to `samples`.

    It may read `reads_ahead` rows before its first commit, so the measurement starts after these
    are written.

    `prepare` returns a function that builds a job's command, or raises NotHereError. `table` is
    the SQL that creates the table, empty if the peer creates it; `newest` selects the newest time;
    `share` is the fraction of the rows to write. Targets name the peer by `key`.
    """

    key: str
    name: str
    gives: str
    settings: str
    prepare: Callable[[Path], Callable[[Job], list[str]]]
    table: str = OWN_TABLE
    newest: str = "select ts from samples order by ts desc limit 1"
    share: float = 1.0
    reads_ahead: int = 0

    def run(self, bench: Bench, geometry: Geometry, topic: str) -> Run:
        """Measure up to the commit that reaches `share` of the rows."""
        with empty_database(bench.stack) as url:
            return self.fill(bench, geometry, topic, url, round(geometry.rows * self.share))

    def fill(self, bench: Bench, geometry: Geometry, topic: str, url: str, rows: int) -> Run:
        """Measure up to the commit that reaches `rows`, in an empty database at `url`."""
        command_of = self.prepare(bench.cache)
        times = geometry.times_us()
        if self.table:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(self.table.encode())
        with ExitStack() as until_done:
            group = f"bench-{uuid4().hex}"
            folder = bench.scratch / group
            folder.mkdir()
            log = until_done.enter_context((folder / "log").open("wb"))
            job = Job(bench.stack.kafka_bootstrap, topic, group, url, folder)
            process = until_done.enter_context(running(command_of(job), dict(os.environ), log))
            meter = until_done.enter_context(open_meter(url, [process.pid]))
            first = min(self.reads_ahead, rows // 2) + 1
            run = measure_between(
                meter, self._progress(times), (first, rows), DEADLINE_S, lambda: check([process])
            )
        self._check(url, rows)
        return run

    def _progress(self, times: Any) -> Callable[[Connection], int]:
        # Times ascend, so the newest committed time gives the number of committed rows.
        def rows(connection: Connection) -> int:
            if connection.execute("select to_regclass('samples')").fetchone() == (None,):
                return 0
            found = connection.execute(self.newest.encode()).fetchone()
            if found is None:
                return 0
            return int(np.searchsorted(times, (found[0] - EPOCH) // MICROSECOND, "right"))

        return rows

    def _check(self, url: str, rows: int) -> None:
        with psycopg.connect(url) as connection:
            ((found,),) = connection.execute("select count(*) from samples").fetchall()
        if found < rows:
            raise StalledError(f"{self.name} lost {rows - found:,} of {rows:,} rows")

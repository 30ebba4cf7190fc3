"""Runs Fleetgauge's ingest on a filled topic, from the claim to the last row."""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import AsyncConnection

from ingest.admin.refresh import LOCK_KEY, refresh
from tests.bench.writing.meter import Run, open_meter
from tests.bench.writing.processes import Process, check, running
from tests.bench.writing.progress import Progress, StalledError, reach, stored_offsets
from tests.support.stack import Stack, Topics, environment

DEADLINE_S = 180.0
START_DEADLINE_S = 60.0
# The number of sessions that wait to claim a partition.
WAITING = """
select count(*) from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock'
    and application_name = 'fleetgauge-ingest'
"""
FLEETGAUGE = ("fleetgauge", "ingest")


@dataclass(frozen=True)
class Ingest:
    """Parameters of an ingest run. `command` is a Python module and its arguments."""

    stack: Stack
    url: str
    topics: Topics
    batch_rows: int
    scratch: Path
    processes: int = 1
    command: tuple[str, ...] = FLEETGAUGE

    def run(self, rows: int, progress: Progress | None = None) -> Run:
        """Measure from the release of the claims until all rows are stored and aggregated.

        The only refresh follows the last commit. All records have nearly the same broker time, and
        the refresh's frontier follows it: an earlier refresh would make the other samples late.
        """
        progress = progress or stored_offsets(self.topics.samples)
        with ExitStack() as until_done:
            until_done.enter_context(_no_refresh(self.url))
            gate = until_done.enter_context(_closed_gate(self.url))
            writers = until_done.enter_context(self.running())
            await_claims(self.url, writers)
            meter = until_done.enter_context(open_meter(self.url, [one.pid for one in writers]))
            meter.start()
            gate.close()
            reach(meter.connection, progress, rows, DEADLINE_S, lambda: check(writers))
            asyncio.run(_refresh(self.url))
            return meter.stop(rows)

    @contextmanager
    def running(self) -> Iterator[list[Process]]:
        """The processes, in one consumer group; killed on exit."""
        group = f"bench-{uuid4().hex}"
        variables = environment(
            self.url,
            self.stack,
            self.topics,
            FLEETGAUGE_BATCH_MAX_ROWS=str(self.batch_rows),
            FLEETGAUGE_CONSUMER_GROUP=group,
            FLEETGAUGE_METRICS_PORT="0",
        )
        with ExitStack() as until_done:
            log = until_done.enter_context((self.scratch / f"{group}.log").open("wb"))
            yield [
                until_done.enter_context(
                    running([sys.executable, "-m", *self.command], variables, log)
                )
                for _ in range(self.processes)
            ]


@contextmanager
def _closed_gate(url: str) -> Iterator[psycopg.Connection[Any]]:
    """Block claims of partitions while the connection is open."""
    with psycopg.connect(url) as connection:
        connection.execute("lock table ingest_offsets in exclusive mode")
        yield connection


@contextmanager
def _no_refresh(url: str) -> Iterator[None]:
    """Block ingest's refresh by holding its advisory lock."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [LOCK_KEY])
        yield


async def _refresh(url: str) -> None:
    options = "-c timezone=UTC"
    async with await AsyncConnection.connect(url, autocommit=True, options=options) as connection:
        await refresh(connection, datetime.now(UTC))


def await_claims(url: str, writers: Sequence[Process]) -> None:
    """Wait until each process is blocked in claiming its partitions."""
    with psycopg.connect(url, autocommit=True) as connection:
        ends = time.monotonic() + START_DEADLINE_S
        while connection.execute(WAITING).fetchone() != (len(writers),):
            check(writers)
            if time.monotonic() > ends:
                raise StalledError(f"no claim within {START_DEADLINE_S:.0f} s")
            time.sleep(0.05)

"""Fleetgauge's own ingest over a topic that is full, from the word go to its last row."""

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
# Who waits to claim a partition.
WAITING = """
select count(*) from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock'
    and application_name = 'fleetgauge-ingest'
"""
FLEETGAUGE = ("fleetgauge", "ingest")


@dataclass(frozen=True)
class Ingest:
    """How ingest runs: of what, into what, in how many processes.

    `command` is a Python module and its words.
    """

    stack: Stack
    url: str
    topics: Topics
    batch_rows: int
    scratch: Path
    processes: int = 1
    command: tuple[str, ...] = FLEETGAUGE

    def run(self, rows: int, progress: Progress | None = None) -> Run:
        """From the moment that partitions can be claimed until all rows are stored and aggregated.

        The one refresh comes after the last commit. The topic's records were all written within a
        few seconds, whatever the times of their samples, so a refresh on the way would take the
        broker's time for that of the samples and make the rest of them late.
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
        """The processes, as one group; killed at the end."""
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
    """While this connection is open nobody claims a partition."""
    with psycopg.connect(url) as connection:
        connection.execute("lock table ingest_offsets in exclusive mode")
        yield connection


@contextmanager
def _no_refresh(url: str) -> Iterator[None]:
    """While this connection is open ingest takes it for the session that refreshes."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [LOCK_KEY])
        yield


async def _refresh(url: str) -> None:
    options = "-c timezone=UTC"
    async with await AsyncConnection.connect(url, autocommit=True, options=options) as connection:
        await refresh(connection, datetime.now(UTC))


def await_claims(url: str, writers: Sequence[Process]) -> None:
    """Returns once each process waits to claim what the group has given it."""
    with psycopg.connect(url, autocommit=True) as connection:
        ends = time.monotonic() + START_DEADLINE_S
        while connection.execute(WAITING).fetchone() != (len(writers),):
            check(writers)
            if time.monotonic() > ends:
                raise StalledError(f"no claim within {START_DEADLINE_S:.0f} s")
            time.sleep(0.05)

"""Fleetgauge's own ingest over a topic that is full, from the word go to its last row."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from tests.bench.writing.meter import Run, open_meter
from tests.bench.writing.progress import Progress, StalledError, reach, stored_offsets
from tests.stack import REPOSITORY, Stack, Topics, environment

DEADLINE_S = 600.0
START_DEADLINE_S = 60.0
# Who waits to claim a partition.
WAITING = """
select count(*) from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock'
    and application_name = 'fleetgauge-ingest'
"""
FLEETGAUGE = ("fleetgauge.py", "ingest")


@dataclass(frozen=True)
class Ingest:
    """How ingest runs: of what and into what, in how many processes; `command` in Python."""

    stack: Stack
    url: str
    topics: Topics
    batch_rows: int
    scratch: Path
    processes: int = 1
    command: tuple[str, ...] = FLEETGAUGE

    def run(self, rows: int, progress: Progress | None = None) -> Run:
        """From the moment that partitions can be claimed to the commit of the last of the rows."""
        progress = progress or stored_offsets(self.topics.samples)
        with ExitStack() as until_done:
            gate = until_done.enter_context(_closed_gate(self.url))
            writers = until_done.enter_context(self.running())
            await_claims(self.url, writers)
            meter = until_done.enter_context(open_meter(self.url, [one.pid for one in writers]))
            meter.start()
            gate.close()
            reach(meter.connection, progress, rows, DEADLINE_S, lambda: check(writers))
            return meter.stop(rows)

    @contextmanager
    def running(self) -> Iterator[list[subprocess.Popen[bytes]]]:
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
        script, *words = self.command
        with ExitStack() as until_done:
            log = until_done.enter_context((self.scratch / f"{group}.log").open("wb"))
            yield [
                until_done.enter_context(
                    running([sys.executable, str(REPOSITORY / script), *words], variables, log)
                )
                for _ in range(self.processes)
            ]


@contextmanager
def running(
    command: Sequence[str], variables: dict[str, str], log: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """A process whose output goes to a file; killed at the end."""
    with subprocess.Popen(command, env=variables, stdout=log, stderr=log) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def _closed_gate(url: str) -> Iterator[psycopg.Connection[Any]]:
    """While this connection is open nobody claims a partition."""
    with psycopg.connect(url) as connection:
        connection.execute("lock table ingest_offsets in exclusive mode")
        yield connection


def await_claims(url: str, writers: Sequence[subprocess.Popen[bytes]]) -> None:
    """Returns once each process waits to claim what the group has given it."""
    with psycopg.connect(url, autocommit=True) as connection:
        ends = time.monotonic() + START_DEADLINE_S
        while connection.execute(WAITING).fetchone() != (len(writers),):
            check(writers)
            if time.monotonic() > ends:
                raise StalledError(f"no claim within {START_DEADLINE_S:.0f} s")
            time.sleep(0.05)


def check(writers: Sequence[subprocess.Popen[bytes]]) -> None:
    """Raises StalledError where a writer has ended."""
    for writer in writers:
        if writer.poll() is not None:
            raise StalledError(f"the writer ended with status {writer.returncode}")

"""A pipeline between doubles, and what the tests feed it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast

import psycopg

from ingest.batch import OffsetSpan
from ingest.pipeline import Pipeline
from ingest.reading.limits import Limits
from ingest.reading.progressreport import ProgressReport
from ingest.record import Record
from ingest.writing.offsets import FencedError
from tests.support.waiting import until
from tests.unit.ingest.doubles import PARTITION, Claims, Letters, Log, Table
from tests.unit.ingest.records import SAMPLE, record

LIMITS = Limits(
    max_rows=100_000,
    max_bytes=1024**2,
    max_message_bytes=1024**2,
    agents=100_000,
    linger_s=0.0,
    patience_s=0.1,
    drain_s=1.0,
    stall_s=300.0,
    lateness=timedelta(days=31),
    timeline=timedelta(days=365),
    poll_s=0.05,
)
AWAY = psycopg.OperationalError("the connection is lost")
GOOD = json.dumps(SAMPLE).encode()


def records(*values: bytes, first: int = 0) -> list[Record]:
    return [record(value, offset=first + place) for place, value in enumerate(values)]


def fenced() -> FencedError:
    return FencedError(PARTITION, OffsetSpan(0, 1, record(GOOD)), "offset 7 in epoch 9, ours is 1")


class Bench:
    """A pipeline between doubles."""

    def __init__(
        self, log: Log, letters: Letters, claims: Claims, table: Table, limits: Limits = LIMITS
    ) -> None:
        self.log, self.letters, self.claims, self.table = log, letters, claims, table
        self.progress = ProgressReport(lambda: None)
        self.pipeline = Pipeline(log, table, letters, claims, limits, self.progress, table.priority)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["asyncio.Task[None]"]:
        task = asyncio.create_task(self.pipeline.run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.wait({task})


Bencher = Callable[..., Bench]


async def eventually(condition: Callable[[], object], what: str) -> None:
    """Returns when the condition holds."""

    async def probe() -> object:
        return condition()

    await until(cast(Callable[[], Awaitable[object]], probe), what, 60.0)

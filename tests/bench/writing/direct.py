"""The writer's statements on rows prepared in memory, with refreshes."""

import asyncio
import os
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from psycopg import AsyncConnection

from ingest.admin.refresh import refresh
from ingest.batch import Batch
from tests.bench.writing.databases import migrated_database
from tests.bench.writing.geometry import Geometry
from tests.bench.writing.meter import Meter, Run, open_meter
from tests.support.stack import Stack
from tests.support.storing import add, batch_of

# A backlog is written faster than this between two refreshes, 30 seconds apart.
BACKLOG_ROWS: Final = 300_000
# Samples of each agent between two refreshes in a live fleet with a sample every 10 seconds.
LIVE_SAMPLES: Final = 3


def batches_of(geometry: Geometry) -> list[Batch]:
    """All rows, as encoded batches."""
    return [batch_of(frame) for frame in geometry.frames()]


def write(
    stack: Stack, geometry: Geometry, batches: list[Batch], rows_a_refresh: int = BACKLOG_ROWS
) -> Run:
    """Write one batch per transaction, refresh every `rows_a_refresh` rows and at the end."""
    with (
        migrated_database(stack, geometry) as url,
        open_meter(url, [os.getpid()]) as meter,
    ):
        return asyncio.run(_write(url, geometry, batches, rows_a_refresh, meter))


async def _write(
    url: str, geometry: Geometry, batches: list[Batch], rows_a_refresh: int, meter: Meter
) -> Run:
    every = max(1, rows_a_refresh // geometry.batch_rows)
    options = "-c timezone=UTC"
    async with (
        await AsyncConnection.connect(url, autocommit=True, options=options) as writer,
        await AsyncConnection.connect(url, autocommit=True, options=options) as upkeep,
    ):
        meter.start()
        for number, batch in zip(count(1), batches, strict=False):
            async with writer.transaction():
                await add(writer, batch)
            if number % every == 0:
                await refresh(upkeep, _after(geometry, number))
        await refresh(upkeep, geometry.newest + timedelta(seconds=1))
        return meter.stop(geometry.rows)


def _after(geometry: Geometry, batches: int) -> datetime:
    """The time of the first row after this number of batches."""
    return geometry.time(min(batches * geometry.batch_rows, geometry.rows - 1))

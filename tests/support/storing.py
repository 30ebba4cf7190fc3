"""Stores rows of samples as ingest's writer does, without Kafka."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import polars as pl
from psycopg import AsyncConnection, errors

from ingest.batch import AgentKeys, Batch
from ingest.reading.writepriority import WritePriority
from ingest.writing.aggregates import add_late, add_to_platform
from ingest.writing.binarycopy import encode_samples
from ingest.writing.samples import store_new_samples, store_resent_samples
from ingest.writing.write import StoreSamples

SCHEMA: dict[str, Any] = {
    "ts": pl.Datetime("us", "UTC"),
    "agent_key": pl.Int32,
    "cpu": pl.Float32,
    "memory": pl.Float32,
    "messages": pl.Int32,
    "errors": pl.Int32,
    "response_ms": pl.Float32,
    "storage_used_mb": pl.Float32,
    "storage_total_mb": pl.Float32,
}


def frame_of(rows: Iterable[tuple[Any, ...]]) -> pl.DataFrame:
    """Rows (ts, agent_key, cpu, memory, messages, errors, response_ms, …), as in a batch."""
    whole = [(*row, *(None,) * (len(SCHEMA) - len(row))) for row in rows]
    frame = pl.DataFrame(whole, schema=SCHEMA, orient="row").with_columns(
        pl.col("ts").to_physical()
    )
    return frame.unique(["agent_key", "ts"], keep="first").sort("agent_key", "ts")


def batch_of(samples: pl.DataFrame, shard: int = 0) -> Batch:
    """A batch of only these samples."""
    pieces = encode_samples(samples)
    return Batch(samples, pieces, {}, AgentKeys(), [], {}, repeats=0, shard=shard)


async def at_once() -> None:
    """No pause."""


async def store(
    connection: AsyncConnection[Any],
    rows: Iterable[tuple[Any, ...]],
    shard: int = 0,
    pause: Callable[[], Awaitable[None]] = at_once,
) -> None:
    """Stores one batch in its own transaction; samples already stored are skipped.

    Awaits `pause` after storing the samples, and again before COMMIT.
    """
    await store_batch(connection, batch_of(frame_of(rows), shard), pause)


async def store_batch(
    connection: AsyncConnection[Any], batch: Batch, pause: Callable[[], Awaitable[None]] = at_once
) -> int:
    """Stores a batch and adds it to the aggregates; returns the number of new samples."""
    try:
        async with connection.transaction():
            return await add(connection, batch, store_new_samples, pause)
    except errors.UniqueViolation:
        async with connection.transaction():
            return await add(connection, batch, store_resent_samples, pause)


async def add(
    connection: AsyncConnection[Any],
    batch: Batch,
    store_samples: StoreSamples = store_new_samples,
    pause: Callable[[], Awaitable[None]] = at_once,
) -> int:
    """The same in the caller's transaction; by default all samples must be new."""
    new = await store_samples(connection, batch, WritePriority())
    if new.height:
        await add_to_platform(connection, new, batch.shard)
    await pause()
    await add_late(connection, new)
    await pause()
    return new.height

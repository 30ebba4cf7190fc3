"""One transaction a batch: locks the offsets, stores the rows, and advances the offsets last."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import polars as pl
from aiokafka import TopicPartition
from psycopg import AsyncConnection, errors

from ingest import metrics
from ingest.batch import Batch
from ingest.database import Pool, evict_blockers
from ingest.reading.writepriority import WritePriority
from ingest.unexpectederrors import StepError
from ingest.writing import offsets
from ingest.writing.aggregates import add_late, add_to_platform
from ingest.writing.events import store_events
from ingest.writing.offsets import BatchState, Claim, FencedError
from ingest.writing.samples import store_new_samples, store_resent_samples
from sql.connect import ServerConnection
from sql.named import query

StoreSamples = Callable[[AsyncConnection[Any], Batch, WritePriority], Awaitable[pl.DataFrame]]


class DroppedError(StepError):
    """A batch has samples older than retention; nothing of it is stored."""

    def __init__(self, before: datetime) -> None:
        super().__init__(f"samples before {before.isoformat()} have been dropped")
        self.before = before


async def write_batch(
    pool: Pool,
    batch: Batch,
    claims: Mapping[TopicPartition, Claim],
    patience_s: float,
    priority: WritePriority,
) -> None:
    """Stores a batch durably, unless it is stored already.

    Raises FencedError if a partition is no longer ours, DroppedError, and psycopg's errors. After
    an error nothing is stored, except if the connection is lost in COMMIT: the next attempt detects
    the outcome.
    """
    began = time.monotonic()
    _check_key_server(batch, claims)
    async with pool.connection() as connection:
        writing = _Writing(pool, connection, batch, claims, patience_s, priority)
        try:
            duplicates = await writing.transact(store_new_samples)
        except errors.UniqueViolation:
            # A new transaction: a savepoint would cost every batch two round trips.
            duplicates = await writing.transact(store_resent_samples)
    metrics.BATCH_SECONDS.observe(time.monotonic() - began)
    for name, count in duplicates.items():
        metrics.DUPLICATES.labels(name).inc(count)


def _check_key_server(batch: Batch, claims: Mapping[TopicPartition, Claim]) -> None:
    """The transaction compares the server with the claims'; the keys must be from the same one."""
    server = batch.agent_keys.server
    for partition, span in batch.spans.items():
        if server not in (None, claims[partition].server):
            raise FencedError(partition, span, "other agent keys than this batch")


@dataclass(frozen=True, slots=True)
class _Writing:
    """The write of one batch."""

    pool: Pool
    connection: ServerConnection
    batch: Batch
    claims: Mapping[TopicPartition, Claim]
    patience_s: float
    priority: WritePriority

    async def transact(self, store_samples: StoreSamples) -> dict[str, int]:
        """Stores the batch, unless it is stored already; returns its duplicates by event type."""
        async with self.connection.transaction():
            lock = offsets.lock(self.connection, self.batch.spans, self.claims)
            stored = await evict_blockers(self.pool, self.connection, lock, self.patience_s)
            if stored is BatchState.STORED:
                return {}
            duplicates = await self._store(store_samples)
            dropped = await offsets.advance(self.connection, self.batch.spans, self.claims)
            self._check_horizon(dropped)
            return duplicates

    def _check_horizon(self, dropped_before: datetime | None) -> None:
        """Raises DroppedError if a sample may have been stored, aggregated and dropped before.

        No lock is needed: the horizon rises in the transaction that drops a chunk. A batch that
        writes to the chunk before the drop locks it, and its duplicates are detected; one that
        writes after the drop sees the new horizon here.
        """
        oldest_us = self.batch.samples["ts"].min()
        if dropped_before is None or oldest_us is None:
            return
        if cast(int, oldest_us) < round(dropped_before.timestamp() * 1e6):
            raise DroppedError(dropped_before)

    async def _store(self, store_samples: StoreSamples) -> dict[str, int]:
        batch = self.batch
        new = await store_samples(self.connection, batch, self.priority)
        if new.height:
            with self.priority.yielded():
                await add_to_platform(self.connection, new, batch.shard)
        if batch.events:
            await self.connection.execute(query("set_shard"), {"shard": batch.shard})
        duplicates = await store_events(self.connection, batch, self.priority)
        # Last, because it blocks a refresh until the transaction ends.
        with self.priority.yielded():
            await add_late(self.connection, new)
        return {"sample": batch.samples.height - new.height + batch.repeats, **duplicates}

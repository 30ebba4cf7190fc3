"""One transaction a batch: lock the offsets, samples, events, and last the offsets."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition
from psycopg import AsyncConnection, errors

from ingest import metrics, offsets
from ingest.batch import Batch
from ingest.database import Pool, past_stale_sessions
from ingest.events import store_events
from ingest.offsets import Claim, Stored
from ingest.samples import store_new_samples, store_resent_samples
from ingest.serverwork import ServerWork
from sql.connect import ServerConnection
from sql.queries import query

StoreSamples = Callable[[AsyncConnection[Any], Batch, ServerWork], Awaitable[int]]


async def write_batch(
    pool: Pool,
    batch: Batch,
    claims: Mapping[TopicPartition, Claim],
    patience_s: float,
    server_work: ServerWork,
) -> None:
    """Makes a batch durable, or finds that it is already.

    Raises FencedError where a partition is no longer ours, and psycopg's errors; both leave nothing
    behind, but for a connection lost in COMMIT, where the next attempt finds out.
    """
    began = time.monotonic()
    async with pool.connection() as connection:
        writing = _Writing(pool, connection, batch, claims, patience_s, server_work)
        try:
            duplicates = await writing.transact(store_new_samples)
        except errors.UniqueViolation:
            # Anew, and not from a savepoint on: that would cost every batch two round trips.
            duplicates = await writing.transact(store_resent_samples)
    metrics.BATCH_SECONDS.observe(time.monotonic() - began)
    for name, count in duplicates.items():
        metrics.DUPLICATES.labels(name).inc(count)


@dataclass(frozen=True, slots=True)
class _Writing:
    """One batch on its way into the database."""

    pool: Pool
    connection: ServerConnection
    batch: Batch
    claims: Mapping[TopicPartition, Claim]
    patience_s: float
    server_work: ServerWork

    async def transact(self, store_samples: StoreSamples) -> dict[str, int]:
        """Stores the batch, unless it is stored already; returns its duplicates by event type."""
        async with self.connection.transaction():
            lock = offsets.lock(self.connection, self.batch.spans, self.claims)
            stored = await past_stale_sessions(self.pool, self.connection, lock, self.patience_s)
            if stored is Stored.ALREADY:
                return {}
            duplicates = await self._store(store_samples)
            await offsets.advance(self.connection, self.batch.spans, self.claims)
            return duplicates

    async def _store(self, store_samples: StoreSamples) -> dict[str, int]:
        batch = self.batch
        await self.connection.execute(query("set_shard"), {"shard": batch.shard})
        new = await store_samples(self.connection, batch, self.server_work)
        duplicates = await store_events(self.connection, batch, self.server_work)
        return {"sample": batch.samples.height - new + batch.repeats, **duplicates}

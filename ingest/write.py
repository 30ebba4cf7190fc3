"""One transaction a batch: lock the offsets, samples, events, and last the offsets."""

import time
from collections.abc import Mapping
from typing import Any

from aiokafka import TopicPartition
from psycopg import AsyncConnection

from ingest import metrics, offsets
from ingest.batch import Batch
from ingest.database import Pool, past_stale_sessions
from ingest.events import store_events
from ingest.offsets import Claim, Stored
from ingest.samples import store_samples
from ingest.serverwork import ServerWork
from sql.queries import query


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
    async with pool.connection() as connection, connection.transaction():
        stored = await past_stale_sessions(
            pool, connection, offsets.lock(connection, batch.spans, claims), patience_s
        )
        if stored is Stored.ALREADY:
            return
        duplicates = await _store(connection, batch, server_work)
        await offsets.advance(connection, batch.spans, claims)
    metrics.BATCH_SECONDS.observe(time.monotonic() - began)
    for name, count in duplicates.items():
        metrics.DUPLICATES.labels(name).inc(count)


async def _store(
    connection: AsyncConnection[Any], batch: Batch, server_work: ServerWork
) -> dict[str, int]:
    await connection.execute(query("set_shard"), {"shard": batch.shard})
    new = await store_samples(connection, batch.samples, server_work)
    duplicates = await store_events(connection, batch, server_work)
    return {"sample": batch.samples.height - new + batch.repeats, **duplicates}

"""Stores samples: by COPY, or through a temporary table if there are duplicates."""

from contextlib import ExitStack
from typing import Any

import polars as pl
from psycopg import AsyncConnection

from ingest.batch import Batch
from ingest.reading.writepriority import WritePriority
from sql.named import query

# The size of one write to the client library: the event loop runs between writes.
PIECE_BYTES = 256 * 1024


async def store_new_samples(
    connection: AsyncConnection[Any], batch: Batch, priority: WritePriority
) -> pl.DataFrame:
    """Writes a batch's samples in the caller's transaction; returns the new ones: all.

    Raises psycopg's UniqueViolation for a duplicate, which aborts the transaction.
    """
    if not batch.samples.is_empty():
        await _copy(connection, "copy_samples", batch.pieces, priority)
    return batch.samples


async def store_resent_samples(
    connection: AsyncConnection[Any], batch: Batch, priority: WritePriority
) -> pl.DataFrame:
    """The same with duplicates among the samples; returns the new ones."""
    await connection.execute(query("create_resent_samples"))
    await _copy(connection, "copy_resent_samples", batch.pieces, priority)
    with priority.yielded():
        cursor = await connection.execute(query("insert_resent_samples"))
        new = await cursor.fetchall()
    schema = {"agent_key": pl.Int32, "ts": pl.Int64}
    keys = pl.DataFrame(new, schema=schema, orient="row")
    return batch.samples.join(keys, on=list(schema), how="semi", maintain_order="left")


async def _copy(
    connection: AsyncConnection[Any], name: str, pieces: list[bytes], priority: WritePriority
) -> None:
    with ExitStack() as until_done:
        async with connection.cursor() as cursor, cursor.copy(query(name)) as copy:
            for piece in pieces:
                view = memoryview(piece)
                for start in range(0, len(view), PIECE_BYTES):
                    await copy.write(view[start : start + PIECE_BYTES])
            until_done.enter_context(priority.yielded())

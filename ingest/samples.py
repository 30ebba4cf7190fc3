"""Stores samples: by COPY, or through a temporary table where COPY is not safe or some exist."""

from contextlib import ExitStack
from typing import Any

from psycopg import AsyncConnection

from ingest.batch import Batch
from ingest.edition import is_apache
from ingest.serverwork import ServerWork
from sql.queries import query

# What one write hands to the client library: the event loop runs between two.
PIECE_BYTES = 256 * 1024


async def store_new_samples(
    connection: AsyncConnection[Any], batch: Batch, server_work: ServerWork
) -> int:
    """Writes a batch's samples in the caller's transaction; returns how many were new.

    On the Apache edition raises psycopg's UniqueViolation where one was there already: then the
    transaction is over.
    """
    if batch.samples.is_empty():
        return 0
    if not await is_apache(connection):
        # TimescaleDB 2.23 to 2.29.2 log no invalidation for COPY into a hypertable that has a
        # statement trigger with a transition table: continuous aggregates would lose these rows.
        return await store_resent_samples(connection, batch, server_work)
    await _copy(connection, "copy_samples", batch.pieces, server_work)
    return batch.samples.height


async def store_resent_samples(
    connection: AsyncConnection[Any], batch: Batch, server_work: ServerWork
) -> int:
    """The same, for samples of which some were there already; returns how many were not."""
    await connection.execute(query("create_resent_samples"))
    await _copy(connection, "copy_resent_samples", batch.pieces, server_work)
    with server_work.going_on():
        cursor = await connection.execute(query("insert_resent_samples"))
    return cursor.rowcount


async def _copy(
    connection: AsyncConnection[Any], name: str, pieces: list[bytes], server_work: ServerWork
) -> None:
    with ExitStack() as until_done:
        async with connection.cursor() as cursor, cursor.copy(query(name)) as copy:
            for piece in pieces:
                view = memoryview(piece)
                for start in range(0, len(view), PIECE_BYTES):
                    await copy.write(view[start : start + PIECE_BYTES])
            until_done.enter_context(server_work.going_on())

"""Stores samples: straight by COPY, or round by a temporary table where some were there already."""

from contextlib import ExitStack
from typing import Any

import polars as pl
from psycopg import AsyncConnection, errors

from ingest.copy import encode_samples
from ingest.serverwork import ServerWork
from sql.queries import query

# What one write hands to the client library: the event loop runs between two.
PIECE_BYTES = 256 * 1024


async def store_samples(
    connection: AsyncConnection[Any], samples: pl.DataFrame, server_work: ServerWork
) -> int:
    """Writes rows in the caller's transaction; returns how many were new.

    The common case, all of them new, pays for a savepoint only.
    """
    if samples.is_empty():
        return 0
    pieces = encode_samples(samples)
    try:
        async with connection.transaction():
            await _copy(connection, "copy_samples", pieces, server_work)
    except errors.UniqueViolation:
        return await _store_resent(connection, pieces, server_work)
    return samples.height


async def _store_resent(
    connection: AsyncConnection[Any], pieces: list[bytes], server_work: ServerWork
) -> int:
    await connection.execute(query("create_resent_samples"))
    await _copy(connection, "copy_resent_samples", pieces, server_work)
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

"""The pool that ingest writes through, and the way past a stale session that holds a row."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import structlog

from ingest import metrics
from schemas.settings import DatabaseSettings
from sql.connect import ServerConnection
from sql.named import query
from sql.pool import Pool
from sql.session import Session

__all__ = ["Pool", "evict_blockers", "open_pool"]

log = structlog.get_logger("ingest")

# `end_blocking_sessions` knows writers by this name.
WRITER: Final = Session("fleetgauge-ingest")

Result = TypeVar("Result")


@asynccontextmanager
async def open_pool(database: DatabaseSettings) -> AsyncIterator[Pool]:
    """A pool of the three connections ingest needs: to write, to claim, to end what blocks.

    It opens without waiting for the server: taking a connection raises PoolTimeout while it is
    away, and UnusableDatabase while it rejects us.
    """
    pool = Pool(database, WRITER, min_size=1, max_size=3, timeout=5.0, reconnect_timeout=5.0)
    try:
        await pool.open(wait=False)
        yield pool
    finally:
        await pool.close(timeout=5.0)


async def evict_blockers(
    pool: Pool, connection: ServerConnection, statement: Awaitable[Result], patience_s: float
) -> Result:
    """Awaits `statement`, which waits for a row; ends the session that holds it too long.

    A writer that was stopped in mid-COPY is `active` for the server, so that no timeout of its own
    reaches it. Each `patience_s` without an answer ends the ingest sessions that block this one.
    """
    task = asyncio.ensure_future(statement)
    try:
        while True:
            done, _ = await asyncio.wait({task}, timeout=patience_s)
            if done:
                return task.result()
            await _end_blocking_sessions(pool, connection.server_pid)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


async def _end_blocking_sessions(pool: Pool, waiting_pid: int) -> None:
    async with pool.connection() as connection:
        cursor = await connection.execute(
            query("end_blocking_sessions"), {"waiting_pid": waiting_pid}
        )
        ended = len(await cursor.fetchall())
    if ended:
        metrics.STALE_SESSIONS.inc(ended)
        log.warning("ended a stale writer's session", sessions=ended)

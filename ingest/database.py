"""Ingest's connection pool, and termination of stale sessions that block a row."""

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

# `end_blocking_sessions` identifies writers by this application name.
WRITER: Final = Session("fleetgauge-ingest")

Result = TypeVar("Result")


@asynccontextmanager
async def open_pool(database: DatabaseSettings) -> AsyncIterator[Pool]:
    """A pool of up to three connections: to write, to claim, to terminate blocking sessions.

    It opens without waiting for the server. Taking a connection raises PoolTimeout while the server
    is unavailable, and UnusableDatabase while it rejects the login.
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
    """Awaits `statement`, which may wait for a row lock; terminates sessions that hold it too long.

    A writer that was stopped in mid-COPY is `active` for the server, so none of the server's
    timeouts ends it. After every `patience_s` the ingest sessions that block this one are
    terminated.
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
        log.warning("terminated stale writer sessions", sessions=ended)

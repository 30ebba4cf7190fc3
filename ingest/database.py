"""The pool that ingest writes through, and the way past a stale session that holds a row."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from ingest import metrics
from sql.queries import query

log = structlog.get_logger("ingest")

Pool = AsyncConnectionPool[AsyncConnection[Any]]
Result = TypeVar("Result")


@asynccontextmanager
async def open_pool(database_url: str) -> AsyncIterator[Pool]:
    """A pool of the three connections ingest needs: to write, to claim, to end what blocks.

    It opens without waiting for the server: taking a connection raises PoolTimeout while it is
    away.
    """
    pool: Pool = AsyncConnectionPool(
        database_url,
        min_size=1,
        max_size=3,
        open=False,
        timeout=5.0,
        reconnect_timeout=5.0,
        kwargs={
            "application_name": "fleetgauge-ingest",
            "autocommit": True,
            "connect_timeout": 5,
            # A server that vanished without a word is noticed in half a minute: while idle, and
            # with data on its way.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 4,
            "tcp_user_timeout": 30_000,
            "options": "-c timezone=UTC -c idle_in_transaction_session_timeout=30s",
        },
    )
    try:
        await pool.open(wait=False)
        yield pool
    finally:
        await pool.close(timeout=5.0)


async def past_stale_sessions(
    pool: Pool, connection: AsyncConnection[Any], statement: Awaitable[Result], patience_s: float
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
            await _end_blocking_sessions(pool, connection.info.backend_pid)
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

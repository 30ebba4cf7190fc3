"""Writes a heartbeat for each minute that ingest runs; platform uptime counts these minutes.

The database's clock determines the minute, so a host's wrong clock cannot fill a future one.
"""

import asyncio
from collections.abc import Callable

import psycopg
import structlog

from ingest import metrics
from ingest.database import Pool
from ingest.errors import sentence
from sql.named import query
from sql.session import UnusableDatabase

log = structlog.get_logger("ingest")

# Twice a minute, so that a late heartbeat does not miss a minute.
PERIOD_S = 30.0
# Short enough that a database that returns within the minute costs no minute.
AGAIN_S = 5.0


async def insert_heartbeats(
    pool: Pool,
    on_absence: Callable[[], None],
    period_s: float = PERIOD_S,
) -> None:
    """Writes the current minute until cancelled; calls `on_absence` if no server answers."""
    while True:
        try:
            async with pool.connection() as connection:
                await connection.execute(query("insert_heartbeat"))
        except psycopg.Error as error:
            is_rejected = isinstance(error, UnusableDatabase)
            metrics.DATABASE_REJECTS.set(is_rejected)
            log.warning("no heartbeat written", error=sentence(error))
            if not is_rejected:
                on_absence()
            await asyncio.sleep(min(period_s, AGAIN_S))
        else:
            metrics.DATABASE_REJECTS.set(0)
            await asyncio.sleep(period_s)

"""Says in the database, each minute, that ingest runs: platform uptime counts these.

The minute is that of the database's clock: a host whose own is wrong fills no minute to come."""

import asyncio
from collections.abc import Callable

import psycopg
import structlog

from ingest.database import Pool
from ingest.errors import sentence
from sql.queries import query

log = structlog.get_logger("ingest")

# Twice a minute, so that no minute is missed by a beat that comes late.
PERIOD_S = 30.0
# A database that returns within the minute costs none.
AGAIN_S = 5.0


async def beat_on(
    pool: Pool,
    on_absence: Callable[[], None],
    period_s: float = PERIOD_S,
) -> None:
    """Writes the current minute until cancelled; `on_absence` is told where it cannot be."""
    while True:
        try:
            async with pool.connection() as connection:
                await connection.execute(query("beat"))
        except psycopg.Error as error:
            log.warning("no heartbeat written", error=sentence(error))
            on_absence()
            await asyncio.sleep(min(period_s, AGAIN_S))
        else:
            await asyncio.sleep(period_s)

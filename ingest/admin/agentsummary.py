"""The summary of agents, for lists of the fleet: one process keeps it for all.

Apart from the refresh, for which a count of very many agents would be a long wait.
"""

import asyncio
import time
from typing import Any, Final

import psycopg
import structlog
from psycopg import AsyncConnection

from ingest.admin.alone import try_lock
from ingest.errors import sentence
from ingest.unexpectederrors import reported
from schemas.settings import DatabaseSettings
from sql.connect import connected
from sql.named import query
from sql.session import Session

log = structlog.get_logger("ingest")

# The key of the advisory lock that lets one session keep it: any that nobody else takes.
LOCK_KEY: Final = 0x666C65_65746734
SESSION: Final = Session(
    "fleetgauge-summary",
    {
        # An erase holds it for a moment: rather try again a few seconds later.
        "lock_timeout": "1s",
        "statement_timeout": "15min",
        # A process that is frozen keeps its lock, and nobody else does this meanwhile.
        "idle_session_timeout": "15min",
    },
)
# It may be 5 seconds old, and takes a moment.
PERIOD_S: Final = 4.0
# Of the time, where it takes long.
SHARE: Final = 0.1


class AgentSummary:
    """Beside ingest, until cancelled."""

    def __init__(self, database: DatabaseSettings) -> None:
        self._database = database

    async def run(self, period_s: float = PERIOD_S) -> None:
        """Keeps it every `period_s`; a database that is away costs a look."""
        while True:
            try:
                with reported("agent summary"):
                    async with connected(self._database, SESSION) as connection:
                        await self._take_turns(connection, period_s)
            except (psycopg.Error, OSError) as error:
                log.warning("no agent summary", error=sentence(error))
            await asyncio.sleep(period_s)

    async def _take_turns(self, connection: AsyncConnection[Any], period_s: float) -> None:
        while True:
            pause_s = period_s
            if await try_lock(connection, LOCK_KEY):
                began = time.monotonic()
                await connection.execute(query("keep_agent_summary"))
                pause_s = max(period_s, (time.monotonic() - began) / SHARE)
            await asyncio.sleep(pause_s)

"""Keeps the summary of agents, which lists of the fleet read, up to date. One process does so.

Separate from the refresh, which counting a very large fleet would delay.
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

# Key of the advisory lock that limits this to one session. Any key that is otherwise unused.
LOCK_KEY: Final = 0x666C65_65746734
SESSION: Final = Session(
    "fleetgauge-summary",
    {
        # An erase locks the summary briefly: retry after a few seconds instead of waiting.
        "lock_timeout": "1s",
        "statement_timeout": "15min",
        # A frozen process would keep the lock, and no other could take over.
        "idle_session_timeout": "15min",
    },
)
# The summary may be 5 seconds old, and takes time to compute.
PERIOD_S: Final = 4.0
# The largest share of the time that is spent computing it, where it takes long.
SHARE: Final = 0.1


class AgentSummary:
    """The background task that updates the summary of agents."""

    def __init__(self, database: DatabaseSettings) -> None:
        self._database = database

    async def run(self, period_s: float = PERIOD_S) -> None:
        """Updates it every `period_s` until cancelled; retries if the database is unavailable."""
        while True:
            try:
                with reported("agent summary"):
                    async with connected(self._database, SESSION) as connection:
                        await self._take_turns(connection, period_s)
            except (psycopg.Error, OSError) as error:
                log.warning("agent summary not updated", error=sentence(error))
            await asyncio.sleep(period_s)

    async def _take_turns(self, connection: AsyncConnection[Any], period_s: float) -> None:
        while True:
            pause_s = period_s
            if await try_lock(connection, LOCK_KEY):
                began = time.monotonic()
                await connection.execute(query("keep_agent_summary"))
                pause_s = max(period_s, (time.monotonic() - began) / SHARE)
            await asyncio.sleep(pause_s)

"""Excludes the community edition's jobs while rollups are dropped, repaired or erased."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from psycopg import AsyncConnection

from ingest.admin.waits import BlockedError, Lock, describe_wait
from sql.named import query

PATIENCE_S: Final = 30.0
PAUSE_S: Final = 0.25


class BusyRefreshError(BlockedError):
    """The server's jobs or another command held the lock for too long."""


@asynccontextmanager
async def without_refreshes(
    connection: AsyncConnection[Any], patience_s: float = PATIENCE_S
) -> AsyncIterator[None]:
    """Holds the lock under which the server's jobs, if any, refresh and compress.

    In some versions of TimescaleDB concurrent refreshes leave gaps. A refresh fails if its chunk is
    dropped, and it restores data that is erased after it has read the agent's samples. Raises
    BusyRefreshError after `patience_s`.
    """
    deadline = asyncio.get_running_loop().time() + patience_s
    while not await _try(connection):
        if asyncio.get_running_loop().time() >= deadline:
            raise BusyRefreshError(await describe_wait(connection, Lock.JOBS, patience_s))
        await asyncio.sleep(PAUSE_S)
    try:
        yield
    finally:
        if not connection.closed:
            await connection.execute(query("unlock_refreshes"))


async def _try(connection: AsyncConnection[Any]) -> bool:
    cursor = await connection.execute(query("try_refresh_lock"))
    return await cursor.fetchone() == (True,)

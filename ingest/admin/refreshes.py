"""Keeps the community edition's jobs away while rollups are dropped, repaired or erased."""

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
    """The server's own jobs, or another command, held their lock for too long."""


@asynccontextmanager
async def without_refreshes(
    connection: AsyncConnection[Any], patience_s: float = PATIENCE_S
) -> AsyncIterator[None]:
    """Holds the lock under which the server's jobs refresh and compress, if it has any.

    A refresh that meets another leaves gaps in some versions of TimescaleDB; one that meets a
    dropped chunk fails; one that has read an agent's samples brings back what is erased meanwhile.
    Raises BusyRefreshError after `patience_s`.
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

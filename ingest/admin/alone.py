"""Advisory locks that let one session at a time do something, until it ends."""

from typing import Any

from psycopg import AsyncConnection

from sql.named import query


async def try_lock(connection: AsyncConnection[Any], key: int) -> bool:
    """Whether this session has the lock now, and no other one until it ends."""
    cursor = await connection.execute(query("try_upkeep_lock"), {"key": key})
    return await cursor.fetchone() == (True,)

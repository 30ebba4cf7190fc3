"""Advisory locks that a session holds until it ends."""

from typing import Any

from psycopg import AsyncConnection

from sql.named import query


async def try_lock(connection: AsyncConnection[Any], key: int) -> bool:
    """Returns whether this session now holds the lock; it keeps it until it ends."""
    cursor = await connection.execute(query("try_upkeep_lock"), {"key": key})
    return await cursor.fetchone() == (True,)

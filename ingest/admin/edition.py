"""The TimescaleDB edition of a connection's server, queried once per physical connection."""

from typing import Any
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection

from sql.edition import Edition, edition_of
from sql.named import query

# Per connection, not per process: a pool's next connection may reach another server.
_licences: WeakKeyDictionary[AsyncConnection[Any], str | None] = WeakKeyDictionary()


async def read_edition(connection: AsyncConnection[Any]) -> Edition:
    """Returns the edition; raises EditionError for an unknown licence, and psycopg's errors."""
    return edition_of(await _licence(connection))


async def _licence(connection: AsyncConnection[Any]) -> str | None:
    if connection not in _licences:
        cursor = await connection.execute(query("read_license"))
        ((licence,),) = await cursor.fetchall()
        _licences[connection] = licence
    return _licences[connection]

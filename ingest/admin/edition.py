"""The edition of the server behind a connection: asked once a physical connection."""

from typing import Any
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection

from sql.edition import Edition, edition_of
from sql.named import query

# By connection, never by process: a pool's next connection may reach another server.
_licences: WeakKeyDictionary[AsyncConnection[Any], str | None] = WeakKeyDictionary()


async def read_edition(connection: AsyncConnection[Any]) -> Edition:
    """The edition; raises EditionError for an unknown licence, and psycopg's errors."""
    return edition_of(await _licence(connection))


async def _licence(connection: AsyncConnection[Any]) -> str | None:
    if connection not in _licences:
        cursor = await connection.execute(query("read_license"))
        ((licence,),) = await cursor.fetchall()
        _licences[connection] = licence
    return _licences[connection]

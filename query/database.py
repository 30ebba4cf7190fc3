"""The way to the database: one pool, named queries, one round trip a request."""

import select
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool

from schemas.settings import DatabaseSettings
from sql.queries import query

Row = TypeVar("Row")
Pool = AsyncConnectionPool[psycopg.AsyncConnection[Any]]

STATEMENT_TIMEOUT_MS: Final = 5_000
CONNECT_TIMEOUT_S: Final = 3
# How long a request waits for a connection; while the database is away it fails after this.
PATIENCE_S: Final = 2.0
# The pool's pauses between attempts double: start over before they keep a database that is back
# waiting.
RECONNECT_TIMEOUT_S: Final = 5.0


def make_pool(database: DatabaseSettings, size: int) -> Pool:
    """A closed pool of at most `size` autocommit connections in UTC with a statement timeout."""
    url = database.database_url.get_secret_value()
    ours = f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC"
    return AsyncConnectionPool(
        url,
        min_size=1,
        max_size=size,
        timeout=PATIENCE_S,
        reconnect_timeout=RECONNECT_TIMEOUT_S,
        check=_check,
        open=False,
        name="query",
        kwargs={
            "autocommit": True,
            "application_name": "fleetgauge-query",
            "connect_timeout": CONNECT_TIMEOUT_S,
            "options": f"{conninfo_to_dict(url).get('options') or ''} {ours}".strip(),
        },
    )


async def fetch(
    pool: Pool, name: str, row: type[Row], parameters: Mapping[str, object]
) -> list[Row]:
    """All rows of a named query; the columns' names are the fields of `row`.

    Raises psycopg.Error, or psycopg_pool.PoolTimeout where no connection came free in time.
    """
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(row)) as c:
        await c.execute(query(name), parameters)
        return await c.fetchall()


async def _check(connection: psycopg.AsyncConnection[Any]) -> None:
    """Refuses connections that the server has ended; costs a round trip only where it spoke."""
    socket = select.poll()
    socket.register(connection.fileno(), select.POLLIN)
    if socket.poll(0):
        await AsyncConnectionPool.check_connection(connection)

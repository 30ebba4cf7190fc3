"""Access to the database: one pool with a short queue, and one round trip per request."""

import asyncio
import select
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Self, TypeVar

import psycopg
from psycopg.rows import class_row
from psycopg_pool import PoolTimeout

from schemas.settings import DatabaseSettings
from sql.connect import ServerConnection
from sql.named import query
from sql.pool import Pool
from sql.session import Session, UnusableDatabase

Row = TypeVar("Row")

STATEMENT_TIMEOUT_MS: Final = 5_000
# With plan_cache_mode=auto the server plans `summary` again for each request, which takes several
# times as long as running it.
SESSION: Final = Session(
    "fleetgauge-query",
    {"statement_timeout": f"{STATEMENT_TIMEOUT_MS}ms", "plan_cache_mode": "force_generic_plan"},
    connect_timeout_s=3,
)
# On the community edition a generic plan for 30 days runs three times as long as a specific one:
# the driver sends this query with its values quoted in the text.
CUSTOM_PLANNED: Final = frozenset({"historical_days"})
# How long a query waits in the queue, and how many queries may wait.
TURN_PATIENCE_S: Final = 1.0
WAITING_PER_CONNECTION: Final = 32
# How long it then waits for a connection. One is always free, unless the database is unavailable.
PATIENCE_S: Final = 2.0
# From request to rows; the server's statement timeout is shorter, if it still receives packets.
ANSWER_TIMEOUT_S: Final = 8.0
# The pool's pauses between attempts double: start over before they delay the reconnection to a
# database that is available again.
RECONNECT_TIMEOUT_S: Final = 5.0


class Overloaded(Exception):  # noqa: N818 - a state, and the client may retry
    """More queries are waiting than the connections can answer soon."""


class Unreachable(Exception):  # noqa: N818 - as above
    """No connection to the database, or no answer in time."""


class Rejected(Unreachable):
    """The database rejects the connection; the message has the reason and the fix."""


class QueryPool:
    """Runs at most `size` named queries at once; a bounded number waits briefly in a queue."""

    def __init__(self, settings: DatabaseSettings, size: int) -> None:
        self._pool = make_pool(settings, size)
        self._turns = asyncio.Semaphore(size)
        self._max_waiting = WAITING_PER_CONNECTION * size
        self._waiting = 0
        self._connected = 0
        self._queries: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        await self._pool.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._queries:
            task.cancel()
        await asyncio.gather(*self._queries, return_exceptions=True)
        await self._pool.close()

    async def fetch(self, name: str, row: type[Row], parameters: Mapping[str, object]) -> list[Row]:
        """All rows of a named query; its column names are the fields of `row`.

        Raises Overloaded, Unreachable or psycopg.Error.
        """
        task = asyncio.create_task(self._fetch(name, row, parameters))
        self._queries.add(task)
        task.add_done_callback(self._queries.discard)
        try:
            # Cancelling a query on a dead connection takes seconds more: the request does not wait
            # for that, but the query keeps its slot until then.
            await asyncio.wait({task}, timeout=ANSWER_TIMEOUT_S)
        finally:
            if not task.done():
                task.cancel()
        if task.done():
            return task.result()
        raise Unreachable(f"no answer from the database within {ANSWER_TIMEOUT_S} s")

    async def _fetch(
        self, name: str, row: type[Row], parameters: Mapping[str, object]
    ) -> list[Row]:
        async with (
            self._turn(),
            self._connection() as connection,
            _cursor_of(name)(connection, row_factory=class_row(row)) as cursor,
        ):
            await cursor.execute(query(name), parameters)
            return await cursor.fetchall()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._turns.locked():
            await self._wait()
        else:
            await self._turns.acquire()
        try:
            yield
        finally:
            self._turns.release()

    async def _wait(self) -> None:
        if self._waiting >= self._max_waiting:
            raise Overloaded(f"{self._waiting} queries are already waiting")
        self._waiting += 1
        try:
            async with asyncio.timeout(TURN_PATIENCE_S):
                await self._turns.acquire()
        except TimeoutError:
            # If the queries in the slots have no connection either, the database is unavailable.
            kind = Overloaded if self._connected else Unreachable
            raise kind(f"no free slot within {TURN_PATIENCE_S} s") from None
        finally:
            self._waiting -= 1

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        try:
            async with self._pool.connection() as connection:
                self._connected += 1
                try:
                    yield connection
                finally:
                    self._connected -= 1
        except UnusableDatabase as error:
            raise Rejected(str(error)) from error
        except PoolTimeout as error:
            raise Unreachable(str(error)) from error


def _cursor_of(name: str) -> type[psycopg.AsyncCursor[Any]]:
    return psycopg.AsyncClientCursor if name in CUSTOM_PLANNED else psycopg.AsyncCursor


def make_pool(database: DatabaseSettings, size: int) -> Pool:
    """A closed pool of at most `size` autocommit connections in UTC with a statement timeout."""
    return Pool(
        database,
        SESSION,
        min_size=1,
        max_size=size,
        timeout=PATIENCE_S,
        reconnect_timeout=RECONNECT_TIMEOUT_S,
        check=_check,
    )


async def _check(connection: ServerConnection) -> None:
    """Rejects connections that the server has closed; a round trip only if it sent something."""
    socket = select.poll()
    socket.register(connection.fileno(), select.POLLIN)
    if socket.poll(0):
        await Pool.check_connection(connection)

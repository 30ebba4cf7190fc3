"""The way to the database: one pool, a short queue before it, one round trip a request."""

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
# What every query runs under. Left to itself the server plans `summary` anew for each request,
# which takes it several times as long as the answer.
SESSION: Final = Session(
    "fleetgauge-query",
    {"statement_timeout": f"{STATEMENT_TIMEOUT_MS}ms", "plan_cache_mode": "force_generic_plan"},
    connect_timeout_s=3,
)
# On the community edition a plan for any 30 days takes three times as long as one for these: this
# query goes to the server with its values in it, quoted by the driver.
PLANNED_ANEW: Final = frozenset({"historical_days"})
# How long a query waits for its turn, and how many do.
TURN_PATIENCE_S: Final = 1.0
WAITING_PER_CONNECTION: Final = 32
# How long it waits then for a connection, which nobody else uses: the database is away without.
PATIENCE_S: Final = 2.0
# From question to rows; the server ends a statement before, if it hears us at all.
ANSWER_TIMEOUT_S: Final = 8.0
# The pool's pauses between attempts double: start over before they keep a database that is back
# waiting.
RECONNECT_TIMEOUT_S: Final = 5.0


class Overloaded(Exception):  # noqa: N818 - a state, and whoever asks may ask again
    """More is asked than the database's connections can answer soon."""


class Unreachable(Exception):  # noqa: N818 - as above
    """The database gives no connection or no answer."""


class Rejected(Unreachable):
    """The database answers and rejects us; the message says why, and what to change."""


class QueryPool:
    """Named queries, of which `size` run at once; a few more wait for their turn, and not long."""

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
        """All rows of a named query; the columns' names are the fields of `row`.

        Raises Overloaded, Unreachable or psycopg.Error.
        """
        task = asyncio.create_task(self._fetch(name, row, parameters))
        self._queries.add(task)
        task.add_done_callback(self._queries.discard)
        try:
            # To end a query on a link that is dead takes seconds more: nobody waits for that, but
            # its turn is not given away before.
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
            raise Overloaded(f"{self._waiting} queries wait already")
        self._waiting += 1
        try:
            async with asyncio.timeout(TURN_PATIENCE_S):
                await self._turns.acquire()
        except TimeoutError:
            # Those whose turn it is run queries, or have no connection either.
            kind = Overloaded if self._connected else Unreachable
            raise kind(f"no turn within {TURN_PATIENCE_S} s") from None
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
    return psycopg.AsyncClientCursor if name in PLANNED_ANEW else psycopg.AsyncCursor


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
    """Refuses connections that the server has ended; costs a round trip only where it spoke."""
    socket = select.poll()
    socket.register(connection.fileno(), select.POLLIN)
    if socket.poll(0):
        await Pool.check_connection(connection)

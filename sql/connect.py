"""Database connections of every command: parameters, session settings, one server process each.

No other module calls psycopg to connect.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final, Self

import psycopg
from psycopg import AsyncConnection, Connection
from psycopg.conninfo import conninfo_to_dict

from schemas.settings import DatabaseSettings, SettingsError
from sql.named import query
from sql.session import Session, UnusableDatabase, parse_options, server_pid

Row = tuple[Any, ...] | None
Report = Callable[[psycopg.Error | None], None]

# The URL may override these. They detect a server that vanished within half a minute, both on an
# idle connection and with data in flight.
DEFAULTS: Final[dict[str, Any]] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
# Time limit after the login for the settings of a new session and the check for a pooler.
PREPARATION_S: Final = 5.0
# How often a second connection checks whether it gets the server process of the first one. In
# transaction pooling, a new transaction gets the process that the first connection has released,
# unless another client was faster: on a busy pooler a single check misses every third time.
LOOKS: Final = 10
# libpq keeps the message of a failed login, but not its SQLSTATE.
LOGIN_REJECTED: Final = re.compile(
    r"authentication failed|no password supplied|pg_hba\.conf|role \".*\" does not exist"
    r"|not permitted to log in|permission denied for database"
)
LOGIN_FIX: Final = "correct the role, its password or its rights, or FLEETGAUGE_DATABASE_URL"
SHARED: Final = (
    "a connection pooler gives this session another server process for each transaction, but "
    "Fleetgauge needs the same one for the whole session",
    "set pool_mode = session in PgBouncer for this database, or name the server itself in "
    "FLEETGAUGE_DATABASE_URL",
)
OPTIONS_FIX: Final = "correct the options in FLEETGAUGE_DATABASE_URL"
FILE_FIX: Final = "write the complete URL into the file"


class ServerConnection(AsyncConnection[Any]):
    """A connection with our settings to one server process, whose id is `server_pid`.

    Through a pooler `info.backend_pid` differs: it is a number that the pooler assigned.
    """

    server_pid = 0

    @classmethod
    async def connect(  # type: ignore[override] # called by our pools, with other arguments
        cls,
        conninfo: str = "",
        *,
        database: DatabaseSettings,
        session: Session,
        report: Report = lambda _: None,
    ) -> Self:
        """A new autocommit connection. Calls `report` with the error, or None on success.

        Raises UnusableDatabase, or psycopg.OperationalError if the server is unavailable.
        """
        try:
            connection = await cls._connect(_Target.of(database, session))
        except psycopg.Error as error:
            report(error)
            raise
        report(None)
        return connection

    @classmethod
    async def _connect(cls, target: "_Target") -> Self:
        with _login():
            connection = await super().connect(autocommit=True, **target.parameters)
        try:
            async with asyncio.timeout(PREPARATION_S):
                await connection.prepare(target)
        except BaseException as error:
            await connection.close()
            if isinstance(error, TimeoutError):
                raise _no_session() from None
            raise
        return connection

    async def prepare(self, target: "_Target") -> None:
        """Reads the id of the server process, and applies the session's settings."""
        self.server_pid = server_pid(await _read_session(self))
        if self.server_pid != self.info.backend_pid:
            await self._refuse_shared_server(target)
        with _settings():
            await self.execute(query("set_session"), target.settings(self))

    async def _refuse_shared_server(self, target: "_Target") -> None:
        with _pooled():
            async with await AsyncConnection[Any].connect(**target.parameters) as other:
                for _ in range(LOOKS):
                    theirs = server_pid(await _read_session(other))
                    again = server_pid(await _read_session(self))
                    _refuse_if_shared(self.server_pid, theirs, again)
                    await other.rollback()


@asynccontextmanager
async def connected(
    database: DatabaseSettings, session: Session
) -> AsyncIterator[ServerConnection]:
    """A connection that closes after the block; raises the errors of `ServerConnection.connect`."""
    async with await ServerConnection.connect(database=database, session=session) as connection:
        yield connection


@contextmanager
def connected_sync(database: DatabaseSettings, session: Session) -> Iterator[Connection[Any]]:
    """The same for synchronous code."""
    target = _Target.of(database, session)
    with _login():
        connection = psycopg.connect(autocommit=True, **target.parameters)
    with connection:
        ours = server_pid(_read_session_sync(connection))
        if ours != connection.info.backend_pid:
            with _pooled(), psycopg.connect(**target.parameters) as other:
                for _ in range(LOOKS):
                    theirs = server_pid(_read_session_sync(other))
                    again = server_pid(_read_session_sync(connection))
                    _refuse_if_shared(ours, theirs, again)
                    other.rollback()
        with _settings():
            connection.execute(query("set_session"), target.settings(connection))
        yield connection


@dataclass(frozen=True, slots=True)
class _Target:
    """Parameters for libpq, and the settings applied after the login."""

    parameters: dict[str, Any]
    options: str
    session: Session

    @classmethod
    def of(cls, database: DatabaseSettings, session: Session) -> "_Target":
        try:
            given = conninfo_to_dict(database.current_url())
        except SettingsError as error:
            raise UnusableDatabase(str(error), FILE_FIX) from error
        options = str(given.get("options") or "")
        if options:
            # Poolers reject settings sent with the login.
            given["options"] = parse_options(options)[1]
        own = {"application_name": session.application_name, "client_encoding": "UTF8"}
        defaults = {"connect_timeout": session.connect_timeout_s, **DEFAULTS}
        return cls({**defaults, **given, **own}, options, session)

    def settings(self, connection: psycopg.BaseConnection[Any]) -> dict[str, list[str]]:
        """The parameters of `set_session`; without options in the URL, PGOPTIONS applies."""
        options = self.options or connection.pgconn.options.decode()
        settings = self.session.merged(options, connection.info.server_version)
        return {"names": list(settings), "settings": list(settings.values())}


async def _read_session(connection: AsyncConnection[Any]) -> Row:
    cursor = await connection.execute(query("read_session"))
    return await cursor.fetchone()


def _read_session_sync(connection: Connection[Any]) -> Row:
    return connection.execute(query("read_session")).fetchone()


def _refuse_if_shared(ours: int, theirs: int, ours_again: int) -> None:
    """Compares server pids: ours, another connection's in a transaction, and ours meanwhile."""
    if theirs == ours or ours_again != ours:
        raise UnusableDatabase(*SHARED)


def _no_session() -> psycopg.OperationalError:
    return psycopg.errors.ConnectionTimeout(
        f"no session within {PREPARATION_S} s of the login: the server does not answer, or a "
        "pooler has no connection left (default_pool_size)"
    )


@contextmanager
def _login() -> Iterator[None]:
    """Turns the error of a rejected login into UnusableDatabase; others mean no server answers."""
    try:
        yield
    except psycopg.OperationalError as error:
        if LOGIN_REJECTED.search(str(error)) is None:
            raise
        raise UnusableDatabase(str(error).strip(), LOGIN_FIX) from error


@contextmanager
def _pooled() -> Iterator[None]:
    """Turns a pooler's error into UnusableDatabase: statement pooling allows no transactions."""
    try:
        yield
    except psycopg.Error as error:
        if "pooling mode" not in str(error):
            raise
        raise UnusableDatabase(*SHARED) from error


@contextmanager
def _settings() -> Iterator[None]:
    """Turns rejected options into UnusableDatabase, lest they pass for a rejected batch."""
    try:
        yield
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        raise UnusableDatabase(error.diag.message_primary or "", OPTIONS_FIX) from error

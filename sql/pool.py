"""A connection pool whose timeout error includes the reason."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import errors
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from schemas.settings import DatabaseSettings
from sql.connect import ServerConnection
from sql.session import Session, UnusableDatabase


class Pool(AsyncConnectionPool[ServerConnection]):
    """A pool that starts closed; `more` are parameters of psycopg's pools.

    Taking a connection raises UnusableDatabase if the server rejects us, and PoolTimeout with the
    last error if it does not answer in time.
    """

    def __init__(self, database: DatabaseSettings, session: Session, **more: Any) -> None:
        self._failure: psycopg.Error | None = None
        super().__init__(
            open=False,
            name=session.application_name,
            connection_class=ServerConnection,
            kwargs={"database": database, "session": session, "report": self._note},
            **more,
        )

    async def getconn(self, timeout: float | None = None) -> ServerConnection:  # noqa: ASYNC109
        """As in the base class; errors include the reason."""
        try:
            return await super().getconn(timeout)
        except PoolTimeout as error:
            raise self._explained(error) from error

    @asynccontextmanager
    async def connection(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - the base class's
    ) -> AsyncIterator[ServerConnection]:
        """As in the base class; closes a read-only session instead of reusing it.

        A session is read-only from its start, and the next one may be on another server.
        """
        async with super().connection(timeout) as connection:
            try:
                yield connection
            except errors.ReadOnlySqlTransaction:
                await connection.close()
                raise

    def _note(self, failure: psycopg.Error | None) -> None:
        self._failure = failure

    def _explained(self, error: PoolTimeout) -> psycopg.OperationalError:
        if self._failure is None:
            return error
        if isinstance(self._failure, UnusableDatabase):
            return UnusableDatabase(self._failure.says, self._failure.fix)
        return PoolTimeout(f"{error}: {str(self._failure).strip()}")

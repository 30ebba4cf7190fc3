"""By which statements samples reach the table, on either edition."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self, cast

import pytest
from psycopg import AsyncConnection

from ingest.batch import AgentKeys
from ingest.samples import store_new_samples
from ingest.serverwork import ServerWork
from ingest.shape import shape
from tests.unit.ingest.records import NOON, intake, sample

BATCH = shape(intake([sample(NOON, "alice/a0")]), AgentKeys({("alice", "a0"): 1}))


class Server:
    """Stands for a connection; keeps the first statement line of what is executed or copied."""

    rowcount = 1

    def __init__(self, licence: str | None) -> None:
        self._licence = licence
        self.statements: list[str] = []

    async def execute(self, statement: bytes) -> Self:
        self._keep(statement)
        return self

    async def fetchall(self) -> list[tuple[str | None]]:
        return [(self._licence,)]

    @asynccontextmanager
    async def cursor(self) -> AsyncIterator[Self]:
        yield self

    @asynccontextmanager
    async def copy(self, statement: bytes) -> AsyncIterator[Self]:
        self._keep(statement)
        yield self

    async def write(self, _piece: bytes) -> None:
        """COPY's data."""

    def _keep(self, statement: bytes) -> None:
        lines = statement.decode().splitlines()
        self.statements.append(next(line for line in lines if not line.startswith("--")))


async def statements(server: Server, batches: int) -> list[str]:
    for _ in range(batches):
        connection = cast(AsyncConnection[Any], server)
        assert await store_new_samples(connection, BATCH, ServerWork()) == 1
    return server.statements


ASK = "select current_setting('timescaledb.license', true)"


async def test_the_apache_edition_is_asked_once_and_copied_into() -> None:
    assert await statements(Server("apache"), 2) == [ASK, *["copy agent_samples ("] * 2]


@pytest.mark.parametrize("licence", ["timescale", None, "another"])
async def test_nothing_is_copied_into_the_table_elsewhere(licence: str | None) -> None:
    way = [
        "create temporary table resent_samples (like agent_samples) on commit drop",
        "copy resent_samples (",
        "insert into agent_samples",
    ]
    assert await statements(Server(licence), 2) == [ASK, *way * 2]


async def test_another_connection_is_asked_again() -> None:
    await statements(Server("apache"), 1)
    assert "copy agent_samples (" not in await statements(Server("timescale"), 1)

"""By which statements new samples reach the table."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self, cast

import polars as pl
from psycopg import AsyncConnection

from ingest.batch import AgentKeys, Batch
from ingest.reading.writepriority import WritePriority
from ingest.writing.batchbuilder import build_batch
from ingest.writing.samples import store_new_samples
from tests.unit.ingest.records import NOON, decoded, sample

KEYS = AgentKeys({"alice/a0": 1})


class Server:
    """Stands for a connection; keeps the first line of what is executed or copied."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    async def execute(self, statement: bytes) -> Self:
        self._keep(statement)
        return self

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


async def store(server: Server, batch: Batch) -> pl.DataFrame:
    return await store_new_samples(cast(AsyncConnection[Any], server), batch, WritePriority())


async def test_a_batch_is_one_copy_into_the_table() -> None:
    server, batch = Server(), build_batch(decoded([sample(NOON, "alice/a0")]), KEYS)
    assert await store(server, batch) is batch.samples
    assert server.statements == ["copy agent_samples ("]


async def test_a_batch_without_samples_asks_nothing_of_the_server() -> None:
    server = Server()
    assert (await store(server, build_batch(decoded([]), KEYS))).is_empty()
    assert server.statements == []

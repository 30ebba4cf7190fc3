"""Where a cause is brought about: a database, topics, and processes that are recorded."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg

from ingest.admin.topics import create_topics
from schemas.settings import KafkaSettings
from tests.acceptance.alerts.recording import Recording
from tests.support.ingest_process import IngestProcess, ingest_process
from tests.support.serve_process import Serving, served
from tests.support.stack import (
    REPOSITORY,
    Stack,
    Topics,
    created_database,
    environment,
    free_port,
    migrate,
)

INGEST, SERVE = "fleetgauge-ingest", "fleetgauge-serve"


@dataclass(frozen=True)
class Place:
    """One cause's own."""

    stack: Stack
    database: str
    topics: Topics
    folder: Path
    recording: Recording

    @property
    def kafka(self) -> KafkaSettings:
        return KafkaSettings(
            kafka_bootstrap=self.stack.kafka_bootstrap,
            samples_topic=self.topics.samples,
            events_topic=self.topics.events,
            deadletter_topic=self.topics.deadletter,
        )

    def variables(self, **more: str) -> dict[str, str]:
        return environment(self.database, self.stack, self.topics, **more)

    @asynccontextmanager
    async def ingest(
        self, *options: str, instance: str = "a", **settings: str
    ) -> AsyncIterator[IngestProcess]:
        """An ingest that is scraped, and whose absence is, too."""
        log = self.folder / f"ingest-{instance}.log"
        async with ingest_process(self.variables(**settings), log, *options) as ingest:
            self._scrape(INGEST, instance, ingest.port)
            yield ingest

    @asynccontextmanager
    async def serve(self, instance: str = "s", **settings: str) -> AsyncIterator[Serving]:
        """A service that is scraped."""
        context = served(self.variables(**settings))
        serving = await asyncio.to_thread(context.__enter__)
        try:
            self._scrape(SERVE, instance, serving.address[1])
            yield serving
        finally:
            await asyncio.to_thread(context.__exit__, None, None, None)

    @asynccontextmanager
    async def upkeep(self, every_s: float, instance: str = "u") -> AsyncIterator[None]:
        """A process that does ingest's upkeep alone, with a shorter pause."""
        port = free_port()
        words = [sys.executable, "-m", "tests.acceptance.alerts.upkeep", str(port), str(every_s)]
        process = await asyncio.create_subprocess_exec(*words, env=self.variables(), cwd=REPOSITORY)
        self._scrape(INGEST, instance, port)
        try:
            yield
        finally:
            process.kill()
            await process.wait()

    def _scrape(self, job: str, instance: str, port: int) -> None:
        self.recording.targets[job, instance] = f"http://127.0.0.1:{port}/metrics"

    def execute(self, statement: str, *values: object) -> None:
        """A statement in the database, committed."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(statement.encode(), values)

    def locked(self, table: str) -> AbstractAsyncContextManager[None]:
        """Nobody else gets at a table within."""
        return self.holding(f"lock table {table} in access exclusive mode")

    @asynccontextmanager
    async def holding(self, statement: str) -> AsyncIterator[None]:
        """A session that has run the statement and keeps its transaction open within."""
        async with await psycopg.AsyncConnection.connect(self.database) as connection:
            await connection.execute(statement.encode())
            yield
            await connection.rollback()


@asynccontextmanager
async def opened(stack: Stack, folder: Path, recording: Recording) -> AsyncIterator[Place]:
    """A place with a migrated database, which is recorded within; nobody has made its topics."""
    mark = uuid4().hex[:12]
    topics = Topics(f"test-{mark}.samples", f"test-{mark}.events", f"test-{mark}.deadletter")
    context = created_database(stack.database_url, f"test_{mark}")
    url = await asyncio.to_thread(context.__enter__)
    try:
        await asyncio.to_thread(migrate, url)
        async with recording.running():
            yield Place(stack, url, topics, folder, recording)
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)


async def make_topics(place: Place) -> None:
    """As `migrate` does."""
    assert await asyncio.to_thread(create_topics, place.kafka) == 0

"""A database that a newer version has migrated: this one's ingest goes on."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from tests.support.ingest_process import ingest_process
from tests.support.oracle import Fleet, all_stored, check_exact, produce
from tests.support.stack import Stack, Topics

ADDED = """
    insert into schema_migrations values ('9999');
    create table of_the_newer (id integer);
    alter table plays add column note text;
    alter table agent_samples add column note text;
    alter table ingest_offsets add column note text default 'x';
"""


@pytest.fixture
def newer(database: str) -> str:
    """A migrated database with what a later migration may have added."""
    with psycopg.connect(database) as connection:
        connection.execute(ADDED)
    return database


async def test_ingest_goes_on(
    newer: str,
    stack: Stack,
    made_topics: Topics,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC)
    samples = Fleet(2, 20, now, timedelta(minutes=7)).samples(20, random.Random(3))
    await produce(stack, made_topics, samples)
    async with ingest_process(ingest_environment(newer), tmp_path / "log") as ingest:
        await all_stored(stack, newer, made_topics)
        assert await ingest.stop() == 0
    await asyncio.to_thread(check_exact, newer, samples)

"""What the integration tests of ingest share: its own pool, and topics that exist."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import psycopg
import pytest
from psycopg import AsyncConnection

from ingest.admin.topics import create_topics
from ingest.database import Pool, open_pool
from schemas.settings import KafkaSettings
from tests.community.jobs import alone
from tests.support.rows import set_watermark
from tests.support.stack import (
    Stack,
    Topics,
    created_database,
    database_settings,
    environment,
    migrate,
)

# And what the community edition has materialized.
ALL_TABLES: Final = """
    select format('truncate %s restart identity', string_agg(quote_ident(name), ', '))
    from (
        select tablename from pg_tables
        where schemaname = 'public' and tablename not in ('schema_migrations', 'rollup_watermark')
        union all
        select view_name from timescaledb_information.continuous_aggregates
    ) as filled (name)
"""


@pytest.fixture(scope="session")
def tables(stack: Stack) -> Iterator[str]:
    """The URL of a migrated database for the whole run."""
    with created_database(stack.database_url, f"test_{uuid4().hex[:16]}") as url:
        migrate(url)
        yield url


@pytest.fixture
def empty_tables(tables: str) -> str:
    """The same, with nothing in its tables, and now for its watermark."""
    with psycopg.connect(tables, autocommit=True) as connection, alone(connection):
        ((statement,),) = connection.execute(ALL_TABLES).fetchall()
        connection.execute(statement)
    set_watermark(tables, datetime.now(UTC))
    return tables


@pytest.fixture
async def pool(empty_tables: str) -> AsyncIterator[Pool]:
    """Ingest's pool on empty tables."""
    async with open_pool(database_settings(empty_tables)) as opened:
        yield opened


@pytest.fixture
async def connection(pool: Pool) -> AsyncIterator[AsyncConnection[Any]]:
    """One connection of it, outside of any transaction."""
    async with pool.connection() as taken:
        yield taken


@pytest.fixture
def kafka(stack: Stack, topics: Topics) -> KafkaSettings:
    """The broker and this test's topics, which nobody has made."""
    return KafkaSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        samples_topic=topics.samples,
        events_topic=topics.events,
        deadletter_topic=topics.deadletter,
    )


@pytest.fixture
def made_topics(kafka: KafkaSettings, topics: Topics) -> Topics:
    """This test's topics, made."""
    assert create_topics(kafka) == 0
    return topics


@pytest.fixture
def ingest_environment(
    database: str, stack: Stack, made_topics: Topics
) -> Callable[..., dict[str, str]]:
    """The environment of an ingest on topics that are made; `url` may be another way there."""

    def build(url: str = database, **more: str) -> dict[str, str]:
        return environment(url, stack, made_topics, **more)

    return build

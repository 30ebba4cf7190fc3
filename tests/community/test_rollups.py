"""Every level equals a group-by of the raw rows after a refresh, wherever the watermark is.

The other edition's are in tests/integration/sql/test_rollups.py.
"""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection

from tests.community.jobs import REFRESH_ALL, pause_jobs
from tests.community.samples import compress
from tests.integration.sql.test_rollups import START, WATERMARKS
from tests.support.rollups import BATCHES, LEVELS, Batch, Sent, check, check_platform
from tests.support.storing import store
from tests.support.watermarks import empty, refresh

BATCH = BATCHES.map(lambda found: found[0])
# What comes in, where the watermark goes, and what the server's jobs do in between.
STEPS = st.lists(
    st.one_of(BATCH, BATCH, WATERMARKS, st.sampled_from(["refresh", "refresh", "compress"])),
    max_size=8,
)
Step = Batch | datetime | str
END = START + timedelta(days=32)


@pytest.fixture(scope="module")
def url(community: str) -> str:
    with psycopg.connect(community, autocommit=True) as connection:
        pause_jobs(connection)
    return community


@pytest.fixture
def reader(url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as connection:
        yield connection


async def take(url: str, steps: list[Step], reader: psycopg.Connection[Any]) -> None:
    """Takes the steps; all is right after each refresh, the platform's hours also in between."""
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await empty(connection, START.replace(hour=0, minute=0))
        stored: list[Batch] = []
        for shard, step in enumerate(steps):
            if isinstance(step, datetime):
                await refresh(connection, step)
            elif step == "compress":
                compress(reader, "agent_samples")
            elif step == "refresh":
                await connection.execute(REFRESH_ALL)
            else:
                assert not isinstance(step, str)
                await store(connection, [sent.row(START) for sent in step], shard % 3)
                stored.append(step)
            if stored:
                (check if step == "refresh" else check_platform)(reader, stored, START)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
# Late for what is refreshed, and for the watermark alone; and what neither has reached.
@example(
    [
        [Sent(1, 0, half_minute) for half_minute in range(30)],
        START + timedelta(minutes=12),
        "refresh",
        [Sent(2, 0, half_minute) for half_minute in range(30)],
    ]
)
def test_levels_equal_the_raw_rows(
    url: str, reader: psycopg.Connection[Any], steps: list[Step]
) -> None:
    asyncio.run(take(url, [*steps, "refresh", END, "refresh"], reader))


@pytest.mark.parametrize("statements", [1, 3])
def test_a_bucket_counts_as_up_once(
    url: str, reader: psycopg.Connection[Any], statements: int
) -> None:
    batch = [Sent(1, 0, half_minute) for half_minute in range(12)]
    parts: list[Step] = [batch[part::statements] for part in range(statements)]
    middle = START + timedelta(minutes=3)
    asyncio.run(take(url, [parts[0], middle, "refresh", *parts[1:], END, "refresh"], reader))
    for relation in LEVELS:
        total = reader.execute(f"select sum(up_buckets) from {relation}".encode()).fetchone()  # noqa: S608
        assert total == (2,), relation


def test_connections_keep_their_prepared_statements(url: str) -> None:
    """All share one session, and psycopg sends DEALLOCATE ALL, after a rollback for instance."""
    with psycopg.connect(url) as first, psycopg.connect(url) as second:
        assert first.execute("select 1", prepare=True).fetchone() == (1,)
        first.commit()
        second.execute("DEALLOCATE ALL")
        second.commit()
        assert first.execute("select 1", prepare=True).fetchone() == (1,)

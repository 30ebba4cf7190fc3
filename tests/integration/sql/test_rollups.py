"""Every level equals a group-by of the raw rows, wherever the watermark is while they come in."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection

from tests.support.rollups import BATCHES, Batch, Sent, check
from tests.support.stack import Stack, created_database, migrate
from tests.support.storing import store
from tests.support.watermarks import empty, refresh

# The other edition has its own, tests/community/test_rollups.py.
pytestmark = pytest.mark.edition("apache")

START = datetime(2026, 3, 9, 23, 50, tzinfo=UTC)
# Moments that hours, days and what `BATCHES` makes lie around, and the middle of a bucket.
WATERMARKS = st.sampled_from([0, 7, 10, 12, 20, 1_440, 1_459, 43_200, 43_215, 50_000]).map(
    lambda minutes: START + timedelta(minutes=minutes)
)
STEPS = st.lists(st.one_of(BATCHES.map(lambda found: found[0]), WATERMARKS), max_size=8)


@pytest.fixture(scope="module")
def url(stack: Stack) -> Iterator[str]:
    with created_database(stack.database_url, f"test_{uuid4().hex[:16]}") as url:
        migrate(url)
        yield url


async def take(url: str, steps: list[Batch | datetime]) -> None:
    """Stores batches, and moves the watermark where a step is a moment; all is right after each."""
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await empty(connection, START.replace(hour=0, minute=0))
        stored: list[Batch] = []
        for shard, step in enumerate(steps):
            if isinstance(step, datetime):
                await refresh(connection, step)
            else:
                await store(connection, [sent.row(START) for sent in step], shard % 3)
                stored.append(step)
            if not stored:
                continue
            with psycopg.connect(url, options="-c timezone=UTC") as reader:
                check(reader, stored, START)


@settings(max_examples=60)
@given(steps=STEPS)
def test_levels_equal_the_raw_rows(url: str, steps: list[Batch | datetime]) -> None:
    asyncio.run(take(url, steps))


@pytest.mark.parametrize("statements", [1, 3])
def test_a_bucket_counts_as_up_once(url: str, statements: int) -> None:
    batch = [Sent(1, 0, half_minute) for half_minute in range(12)]
    steps: list[Any] = [batch[part::statements] for part in range(statements)]
    middle = START + timedelta(minutes=3)
    asyncio.run(take(url, [steps[0], middle, *steps[1:], START + timedelta(hours=1), *steps]))

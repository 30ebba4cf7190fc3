"""count_uptime: buckets with a sample of those since each agent's first, for any watermark."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection

from tests.support.stack import Stack, created_database, migrate
from tests.support.storing import store
from tests.support.watermarks import empty, refresh

# What empties a database for the next example knows the tables of this edition.
pytestmark = pytest.mark.edition("apache")

FIRST_DAY = datetime(2026, 2, 8, tzinfo=UTC)
"""29 days before the day of the earliest `now`"""
BUCKET = timedelta(minutes=5)
WINDOW = timedelta(days=29)
# A watermark so close to now says which bucket is the newest; one further behind, nobody moves.
IS_REFRESHED = timedelta(minutes=1)


@dataclass(frozen=True)
class Case:
    """Samples in two batches with a refresh before each and one after, and who is removed."""

    early: list[tuple[int, datetime]]
    late: list[tuple[int, datetime]]
    watermarks: tuple[datetime, datetime]
    removed: set[int]
    now: datetime


def moments(at: list[int], seconds: range) -> st.SearchStrategy[datetime]:
    """Some seconds around midnights, counted in days from the first."""
    return st.builds(
        lambda day, second: FIRST_DAY + timedelta(days=day, seconds=second),
        st.sampled_from(at),
        st.integers(seconds[0], seconds[-1]),
    )


# The day before the window, its first, some in the middle, and those of `now`.
SAMPLES = st.lists(
    st.tuples(st.integers(1, 3), moments([0, 1, 10, 29, 30], range(0, 2_400))),
    max_size=25,
    unique=True,
)
NOWS = moments([29, 30], range(0, 2_400))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    now = draw(NOWS)
    behind = draw(st.sampled_from([-200, -1, 0, 1, 40, 59, 60, 61, 400, 90_000]))
    earlier = draw(moments([0, 10, 29], range(0, 2_400)))
    return Case(
        early=draw(SAMPLES),
        late=draw(SAMPLES),
        watermarks=(earlier, now - timedelta(seconds=behind)),
        removed=draw(st.sets(st.integers(1, 3), max_size=1)),
        now=now,
    )


def model(case: Case) -> tuple[int, int]:
    """Buckets, and those of them with a sample."""
    start = case.now.replace(hour=0, minute=0, second=0, microsecond=0) - WINDOW
    watermark = max(case.watermarks)
    is_refreshed = watermark > case.now - IS_REFRESHED
    stop = bucket_of(min(watermark, case.now) if is_refreshed else case.now)
    buckets, up = 0, 0
    for agent in {1, 2, 3} - case.removed:
        found = {bucket_of(ts) for key, ts in case.early + case.late if key == agent}
        if found:
            buckets += max(0, (stop - max(min(found), start)) // BUCKET)
            up += sum(start <= bucket < stop for bucket in found)
    return buckets, up


def bucket_of(moment: datetime) -> datetime:
    return FIRST_DAY + (moment - FIRST_DAY) // BUCKET * BUCKET


@pytest.fixture(scope="module")
def url(stack: Stack) -> Iterator[str]:
    with created_database(stack.database_url, f"test_{uuid4().hex[:16]}") as url:
        migrate(url)
        yield url


MINUTE = timedelta(minutes=1)
NOON = FIRST_DAY + timedelta(days=30, hours=12)


@settings(max_examples=40)
@given(case=cases())
# A sample in the bucket that has not ended, and one that is ahead of the clock.
@example(Case([(1, NOON), (1, NOON + 9 * MINUTE)], [], (NOON, NOON + MINUTE), set(), NOON + MINUTE))
# Up all the time, with the newest bucket neither aggregated nor ended.
@example(
    Case([(1, NOON + i * MINUTE) for i in range(12)], [], (NOON, NOON), set(), NOON + 12 * MINUTE)
)
def test_counts_are_the_models(url: str, case: Case) -> None:
    assert asyncio.run(counted(url, case)) == model(case)


async def counted(url: str, case: Case, settle: bytes | None = None) -> tuple[int, ...]:
    """What count_uptime answers; `settle` is run before, where late samples wait for something."""
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await empty(connection, FIRST_DAY)
        await connection.execute("truncate agent_states")
        for key in case.removed:
            await connection.execute(
                "insert into agent_states (agent_key, ts, status) values (%s, %s, 'removed')",
                [key, FIRST_DAY],
            )
        for watermark, samples in zip(case.watermarks, (case.early, case.late), strict=True):
            await store(connection, [written(*sample) for sample in samples])
            await refresh(connection, watermark)
        if settle is not None:
            await connection.execute(settle)
        cursor = await connection.execute("select * from count_uptime(%s)", [case.now])
        (found,) = await cursor.fetchall()
        return tuple(found)


def written(key: int, ts: datetime) -> tuple[Any, ...]:
    return (ts, key, 1.0, 1.0, 0, 0, None)

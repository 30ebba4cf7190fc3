"""Each agent's newest sample, its first and its newest storage, wherever the watermark is."""

import asyncio
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection

from tests.support.stack import Stack, created_database, migrate
from tests.support.storing import store
from tests.support.watermarks import empty, refresh

# What empties a database for the next example knows the tables of this edition.
pytestmark = pytest.mark.edition("apache")

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
Row = tuple[int, int, float | None, float | None, float | None]
"""(agent_key, minute, cpu, storage used, storage total)"""
Step = list[Row] | int
"""A batch, or the minute that the watermark moves to"""

CASES: dict[str, tuple[list[Step], list[tuple[Any, ...]]]] = {
    "the newest of a batch": ([[(1, 0, 1, None, None), (1, 2, 3, None, None)]], [(1, 0, 2, 3)]),
    "an older batch moves the first time only": (
        [[(1, 5, 5, None, None)], [(1, 0, 1, None, None)]],
        [(1, 0, 5, 5)],
    ),
    "storage reported earlier stays": (
        [[(1, 0, 1, 10, 100)], [(1, 1, 2, None, None)]],
        [(1, 0, 1, 2, 0, 10, 100)],
    ),
    "half-reported storage is ignored": ([[(1, 0, 1, 10, None)]], [(1, 0, 0, 1)]),
    "older storage does not replace newer": (
        [[(1, 5, 5, 50, 100)], [(1, 3, 3, 30, 100)]],
        [(1, 3, 5, 5, 5, 50, 100)],
    ),
    "late storage fills a gap": (
        [[(1, 5, 5, None, None)], [(1, 3, 3, 30, 100)]],
        [(1, 3, 5, 5, 3, 30, 100)],
    ),
    "a newest sample without CPU has no CPU": (
        [[(1, 0, 1, None, None)], 1, [(1, 1, None, None, None)]],
        [(1, 0, 1, None)],
    ),
}
# Where the watermark is from the first batch on: behind, among and before the samples.
WATERMARKS = [0, 3, 60]


@pytest.fixture(scope="module")
def url(stack: Stack) -> Iterator[str]:
    """A database with agents 1 to 3."""
    with created_database(stack.database_url, f"test_{uuid4().hex[:16]}") as url:
        migrate(url)
        with psycopg.connect(url) as connection:
            connection.execute(
                "insert into agents (user_id, agent_id) values ('u', '1'), ('u', '2'), ('u', '3')"
            )
        yield url


@pytest.mark.parametrize("watermark", WATERMARKS)
@pytest.mark.parametrize("case", CASES)
def test_cases(case: str, watermark: int, url: str) -> None:
    steps, expected = CASES[case]
    filled = [(*row, *(None,) * (7 - len(row))) for row in expected]
    assert asyncio.run(take(url, [watermark, *steps])) == filled


@dataclass
class Newest:
    """The model: what is known of one agent after its samples came one by one."""

    first: int
    newest: int
    cpu: float | None
    storage_minute: int | None = None
    used: float | None = None
    total: float | None = None


def model(steps: list[Step]) -> list[tuple[Any, ...]]:
    known: dict[int, Newest] = {}
    batches = [step for step in steps if isinstance(step, list)]
    for key, minute, cpu, used, total in (row for batch in batches for row in batch):
        agent = known.setdefault(key, Newest(minute, minute, cpu))
        agent.first = min(agent.first, minute)
        if minute > agent.newest:
            agent.newest, agent.cpu = minute, cpu
        has_storage = used is not None and total is not None
        if has_storage and (agent.storage_minute is None or minute > agent.storage_minute):
            agent.storage_minute, agent.used, agent.total = minute, used, total
    return [(key, *astuple(agent)) for key, agent in sorted(known.items())]


wholes = st.none() | st.integers(0, 100).map(float)
rows = st.tuples(st.integers(1, 3), st.integers(0, 40), wholes, wholes, wholes)


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    """Batches of any size, with refreshes in between."""
    left = draw(st.lists(rows, max_size=24, unique_by=lambda row: row[:2]))
    steps: list[Step] = []
    while left:
        if draw(st.booleans()):
            steps.append(draw(st.integers(0, 41)))
        size = draw(st.integers(1, len(left)))
        steps.append(left[:size])
        left = left[size:]
    return [*steps, draw(st.integers(0, 41))]


@settings(max_examples=60)
@given(steps=histories())
def test_any_history_is_as_the_model(url: str, steps: list[Step]) -> None:
    assert asyncio.run(take(url, steps)) == model(steps)


async def take(url: str, steps: list[Step]) -> list[tuple[Any, ...]]:
    """Takes the steps; the rows of agent_newest, which are those that agents_now shows."""
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        await empty(connection, NOON - timedelta(hours=12))
        for step in steps:
            if isinstance(step, int):
                await refresh(connection, NOON + timedelta(minutes=step))
            else:
                await store(connection, [written(row) for row in step])
        newest = await shown(
            connection,
            "select agent_key, first_ts, ts, cpu, storage_ts, storage_used_mb, storage_total_mb "
            "from agent_newest order by agent_key",
        )
        now = await shown(
            connection,
            "select agent_key, first_seen, time, cpu, storage_time, storage_used_mb, "
            "storage_total_mb from agents_now where time is not null order by agent_key",
        )
    assert newest == now
    return newest


def written(row: Row) -> tuple[Any, ...]:
    key, minute, cpu, used, total = row
    return (NOON + timedelta(minutes=minute), key, cpu, 0.0, 0, 0, None, used, total)


async def shown(connection: AsyncConnection[Any], text: str) -> list[tuple[Any, ...]]:
    def minute(ts: datetime | None) -> int | None:
        return None if ts is None else (ts - NOON) // timedelta(minutes=1)

    found = await (await connection.execute(text.encode())).fetchall()
    return [
        (key, minute(first), minute(ts), cpu, minute(storage_ts), used, total)
        for key, first, ts, cpu, storage_ts, used, total in found
    ]

"""Samples in a real table: new ones, and resent ones."""

from datetime import timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection

from ingest.batch import AgentKeys, Batch
from ingest.writing.batchbuilder import build_batch
from schemas.events import Sample
from tests.support.aggregates import check_aggregates
from tests.support.storing import store_batch
from tests.unit.ingest.records import NOON, decoded, sample

MINUTE = timedelta(minutes=1)
KEYS = AgentKeys({f"alice/a{n}": n for n in range(20)})


def batch_of(samples: list[Sample]) -> Batch:
    return build_batch(decoded(samples), KEYS)


def fleet(first: int, stop: int, **values: Any) -> list[Sample]:
    """One sample of ten agents in each minute of [first, stop); some have optional fields."""
    return [
        sample(
            NOON + minute * MINUTE,
            f"alice/a{agent}",
            cpu=float(minute % 100),
            messages=agent,
            response_ms=7.5 if agent % 2 else None,
            **values,
        )
        for minute in range(first, stop)
        for agent in range(10)
    ]


async def stored(connection: AsyncConnection[Any], samples: list[Sample]) -> int:
    return await store_batch(connection, batch_of(samples))


async def count(connection: AsyncConnection[Any]) -> int:
    cursor = await connection.execute("select count(*) from agent_samples")
    ((rows,),) = await cursor.fetchall()
    return int(rows)


RESENT = [
    ("all new", fleet(30, 60), 300),
    ("all resent", fleet(0, 30), 0),
    ("half", fleet(15, 45), 150),
    ("the last alone", [*fleet(30, 60), sample(NOON, "alice/a9")], 300),
    ("the first alone", [sample(NOON, "alice/a0"), *fleet(30, 60)], 300),
    ("over chunks", fleet(29, 33) + [sample(NOON - timedelta(days=d)) for d in range(1, 30)], 59),
    ("none", [], 0),
]


@pytest.mark.parametrize(
    ("samples", "new"), [c[1:] for c in RESENT], ids=[name for name, *_ in RESENT]
)
async def test_only_what_is_new_is_stored_and_rolled_up(
    samples: list[Sample], new: int, connection: AsyncConnection[Any], empty_tables: str
) -> None:
    assert await stored(connection, fleet(0, 30)) == 300
    assert await stored(connection, samples) == new
    assert await count(connection) == 300 + new
    check_aggregates(empty_tables)


async def test_the_first_one_stored_stands(connection: AsyncConnection[Any]) -> None:
    await stored(connection, [sample(cpu=1)])
    await stored(connection, [sample(cpu=2), sample(NOON + MINUTE, cpu=3)])
    cursor = await connection.execute("select cpu from agent_samples order by ts")
    assert await cursor.fetchall() == [(1,), (3,)]


async def test_two_resent_batches_fit_one_connection(connection: AsyncConnection[Any]) -> None:
    for _ in range(3):
        await stored(connection, [sample(), sample(NOON + MINUTE)])
    assert await count(connection) == 2


async def test_values_arrive_as_they_were_sent(connection: AsyncConnection[Any]) -> None:
    ts = NOON + timedelta(microseconds=1)
    extra: dict[str, Any] = {"response_ms": 1.5, "storage_used_mb": 2.5, "storage_total_mb": 1e6}
    await stored(connection, [sample(ts, cpu=12.5, memory=99.5, messages=10**9, errors=3, **extra)])
    cursor = await connection.execute("select * from agent_samples")
    assert await cursor.fetchall() == [(ts, 1, 12.5, 99.5, 10**9, 3, 1.5, 2.5, 1e6)]


async def test_an_agent_each_in_one_batch(
    connection: AsyncConnection[Any], empty_tables: str
) -> None:
    agents = AgentKeys({f"u/a{n}": n for n in range(10_000)})
    samples = [sample(NOON, agent, cpu=1.0) for agent in agents]
    batch = build_batch(decoded(samples), agents)
    assert await store_batch(connection, batch) == 10_000
    check_aggregates(empty_tables)

"""Late samples show in every range as soon as they are stored; a month of them starves nobody."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from aiokafka import AIOKafkaProducer

from schemas.events import Sample
from tests.support.aggregates import check_aggregates
from tests.support.ingest_process import ingest_process
from tests.support.oracle import all_stored, log_ends
from tests.support.service import application, bearer, serving, token
from tests.support.stack import Stack, Topics
from tests.support.waiting import until

Environment = Callable[..., dict[str, str]]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# How late, and the ranges that reach back so far.
LATE = {
    20 * HOUR: {"24h", "7d", "30d"},
    47 * HOUR: {"7d", "30d"},
    6 * DAY: {"7d", "30d"},
    28 * DAY: {"30d"},
}
AGENTS = 20
BACKFILL = 30 * DAY - HOUR
STEP = timedelta(minutes=5)


def sample(agent: str, ts: datetime) -> Sample:
    return Sample(user_id="alice", agent_id=agent, ts=ts, cpu=10, memory=20, messages=1, errors=0)


async def send(stack: Stack, topics: Topics, partition: int, samples: Sequence[Sample]) -> None:
    """Sends samples to one partition, in arrays."""
    async with AIOKafkaProducer(bootstrap_servers=stack.kafka_bootstrap) as producer:
        for start in range(0, len(samples), 1_000):
            value = msgspec.json.encode(samples[start : start + 1_000])
            await producer.send(topics.samples, value, partition=partition)
        await producer.flush()


async def messages(database: str, name: str, now: datetime) -> int:
    """How many messages a range shows."""
    async with serving(application(database, now)) as client:
        answer = await client.get(
            f"/api/metrics/alice/historical?range={name}", headers=bearer(token("alice", now=now))
        )
    found: list[dict[str, Any]] = answer.json()["metrics"]
    return sum(point["messages"] for point in found)


async def test_late_samples_are_in_all_ranges_that_reach_so_far(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC)
    expected = {
        name: sum(name in names for names in LATE.values()) for name in ("24h", "7d", "30d")
    }
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ingest.said('"claimed"')
        await send(stack, made_topics, 0, [sample("a", now - late) for late in LATE])

        async def shown() -> bool:
            return {name: await messages(database, name, now) for name in expected} == expected

        await until(shown, "late samples", 60)
        assert await ingest.stop() == 0
    check_aggregates(database)


async def test_a_backfill_of_30_days_starves_nobody(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC)
    past = [
        sample(f"past-{agent}", now - BACKFILL + place * STEP)
        for place in range(BACKFILL // STEP - 24 * 12)
        for agent in range(AGENTS)
    ]
    await asyncio.gather(
        send(stack, made_topics, 0, past), send(stack, made_topics, 1, [sample("live", now)])
    )
    ends = await log_ends(stack, [made_topics.samples])
    (end,) = (end for partition, end in ends.items() if partition.partition == 0)
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:

        async def shown() -> bool:
            return await messages(database, "24h", now) == 1

        await until(shown, "the live sample", 60)
        assert stored(database, made_topics) < end, "the backfill was there first"
        await all_stored(stack, database, made_topics, 120)
        assert await ingest.stop() == 0
    assert await messages(database, "30d", now) > len(past) * 0.95


def stored(database: str, topics: Topics) -> int:
    """How far the backfill's partition is stored."""
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "select next_offset from ingest_offsets where topic = %s and partition = 0",
            [topics.samples],
        ).fetchone()
    return row[0] if row else 0

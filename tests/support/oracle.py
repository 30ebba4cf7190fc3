"""Compares the produced samples with the stored ones: each must be stored once."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.events import Sample
from tests.support.aggregates import check_aggregates
from tests.support.stack import Stack, Topics
from tests.support.waiting import until


@dataclass(frozen=True)
class Fleet:
    """A set of agents; sample `i` of an agent is taken `i` steps before `newest`."""

    users: int
    agents: int
    newest: datetime
    step: timedelta

    def agent(self, number: int) -> tuple[str, str]:
        return f"user-{number % self.users}", f"agent-{number}"

    def samples(self, each: int, rng: random.Random) -> list[Sample]:
        """`each` samples of every agent, newest last, with random values."""
        return [
            self._sample(number, place, rng)
            for place in reversed(range(each))
            for number in range(self.agents)
        ]

    def _sample(self, number: int, place: int, rng: random.Random) -> Sample:
        user_id, agent_id = self.agent(number)
        has_optional = rng.random() < 0.8
        return Sample(
            user_id=user_id,
            agent_id=agent_id,
            ts=self.newest - place * self.step,
            cpu=round(rng.uniform(0, 100), 2),
            memory=round(rng.uniform(0, 100), 2),
            messages=rng.randrange(1_000),
            errors=rng.randrange(10),
            response_ms=round(rng.uniform(0, 500), 1) if has_optional else None,
            storage_used_mb=rng.randrange(1_000) if has_optional else None,
            storage_total_mb=1_000 if has_optional else None,
        )


async def produce(stack: Stack, topics: Topics, samples: Iterable[Sample]) -> None:
    """Sends samples with a plain producer, one for each message."""
    producer = AIOKafkaProducer(bootstrap_servers=stack.kafka_bootstrap, linger_ms=10)
    await producer.start()
    try:
        for sample in samples:
            value = msgspec.json.encode(sample)
            await producer.send(topics.samples, value, key=sample.agent_id.encode())
        await producer.flush()
    finally:
        await producer.stop()


async def all_stored(
    stack: Stack, database: str, topics: Topics, deadline_s: float = 120.0
) -> None:
    """Waits until the stored offsets have reached the end of both topics."""
    ends = await log_ends(stack, [topics.samples, topics.events])

    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:

        async def probe() -> bool:
            cursor = await connection.execute(
                "select topic, partition, next_offset from ingest_offsets"
            )
            stored = {TopicPartition(t, p): offset for t, p, offset in await cursor.fetchall()}
            return all(stored.get(partition, -1) == end for partition, end in ends.items())

        await until(probe, "the end of the topics in ingest_offsets", deadline_s)


async def log_ends(stack: Stack, names: Sequence[str]) -> dict[TopicPartition, int]:
    """The offset after the newest record of each partition."""
    consumer = AIOKafkaConsumer(*names, bootstrap_servers=stack.kafka_bootstrap)
    await consumer.start()
    try:
        partitions = [
            TopicPartition(name, number)
            for name in names
            for number in consumer.partitions_for_topic(name) or ()
        ]
        ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
        return ends
    finally:
        await consumer.stop()


def identities(samples: Iterable[Sample]) -> Counter[tuple[str, str, datetime]]:
    """The multiset of the samples' keys: user, agent, time."""
    return Counter((s.user_id, s.agent_id, s.ts.astimezone(UTC)) for s in samples)


def stored_identities(database: str) -> Counter[tuple[str, str, datetime]]:
    """The same for the stored samples."""
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        rows = connection.execute(
            "select user_id, agent_id, ts from agent_samples join agents using (agent_key)"
        ).fetchall()
    return Counter((user, agent, ts.astimezone(UTC)) for user, agent, ts in rows)


def check_exact(database: str, produced: Iterable[Sample]) -> None:
    """No sample is lost or duplicated, and every aggregate equals a group-by of the raw rows."""
    expected = identities(produced)
    stored = stored_identities(database)
    lost, doubled = expected - stored, stored - expected
    assert not lost, f"{lost.total()} lost, such as {next(iter(lost))}"
    assert not doubled, f"{doubled.total()} doubled, such as {next(iter(doubled))}"
    check_aggregates(database)

"""What was produced, held against what is stored: each event once, each sum from its rows."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import polars as pl
import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.events import Sample
from tests.stack import Stack, Topics
from tests.waiting import until

LEVELS = {
    "agent_metrics_5m": timedelta(minutes=5),
    "agent_metrics_1h": timedelta(hours=1),
    "agent_metrics_1d": timedelta(days=1),
}
SUMS = ["samples", "messages", "errors", "response_messages", "up_buckets"]
REALS = ["cpu_sum", "cpu_max", "memory_sum", "memory_max", "response_ms_sum"]


@dataclass(frozen=True)
class Fleet:
    """Some agents; sample `i` of an agent is taken `i` steps before `newest`."""

    users: int
    agents: int
    newest: datetime
    step: timedelta

    def agent(self, number: int) -> tuple[str, str]:
        return f"user-{number % self.users}", f"agent-{number}"

    def samples(self, each: int, rng: random.Random) -> list[Sample]:
        """`each` samples of every agent, newest last, values random."""
        return [
            self._sample(number, place, rng)
            for place in reversed(range(each))
            for number in range(self.agents)
        ]

    def _sample(self, number: int, place: int, rng: random.Random) -> Sample:
        user_id, agent_id = self.agent(number)
        told = rng.random() < 0.8
        return Sample(
            user_id=user_id,
            agent_id=agent_id,
            ts=self.newest - place * self.step,
            cpu=round(rng.uniform(0, 100), 2),
            memory=round(rng.uniform(0, 100), 2),
            messages=rng.randrange(1_000),
            errors=rng.randrange(10),
            response_ms=round(rng.uniform(0, 500), 1) if told else None,
            storage_used_mb=rng.randrange(1_000) if told else None,
            storage_total_mb=1_000 if told else None,
        )


async def produce(stack: Stack, topics: Topics, samples: Iterable[Sample]) -> None:
    """Sends samples with a plain producer, one a message."""
    producer = AIOKafkaProducer(bootstrap_servers=stack.kafka_bootstrap, linger_ms=10)
    await producer.start()
    try:
        for sample in samples:
            value = msgspec.json.encode(sample)
            await producer.send(topics.samples, value, key=sample.agent_id.encode())
        await producer.flush()
    finally:
        await producer.stop()


async def all_stored(stack: Stack, database: str, topics: Topics, deadline_s: float = 60.0) -> None:
    """Returns when the stored offsets have reached the end of both sources."""
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
    """The offset behind the newest record of each partition."""
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
    """The multiset of what tells samples apart."""
    return Counter((s.user_id, s.agent_id, s.ts.astimezone(UTC)) for s in samples)


def stored_identities(database: str) -> Counter[tuple[str, str, datetime]]:
    """The same of what is stored."""
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        rows = connection.execute(
            "select user_id, agent_id, ts from agent_samples join agents using (agent_key)"
        ).fetchall()
    return Counter((user, agent, ts.astimezone(UTC)) for user, agent, ts in rows)


def check_exact(database: str, produced: Iterable[Sample]) -> None:
    """Nothing lost, nothing doubled, and every aggregate equal to a group-by of the raw rows."""
    expected = identities(produced)
    stored = stored_identities(database)
    lost, doubled = expected - stored, stored - expected
    assert not lost, f"{lost.total()} lost, such as {next(iter(lost))}"
    assert not doubled, f"{doubled.total()} doubled, such as {next(iter(doubled))}"
    check_aggregates(database)


def check_aggregates(database: str) -> None:
    """Every level equals a polars group-by of the raw rows; sums in double precision."""
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        raw = _frame(connection, "select * from agent_samples")
        fine = roll_up(raw, LEVELS["agent_metrics_5m"])
        for table, width in LEVELS.items():
            stored = _frame(connection, f"select * from {table}")  # noqa: S608 - names of ours
            _same(stored, _coarser(roll_up(raw, width), fine, width), ["agent_key", "bucket"])
        platform = _frame(connection, "select * from platform_metrics_1h")
    hourly = _coarser(roll_up(raw, timedelta(hours=1)), fine, timedelta(hours=1))
    _same(_over_all(platform), _over_all(hourly), ["bucket"])


def roll_up(raw: pl.DataFrame, width: timedelta) -> pl.DataFrame:
    """The rows of one level, from raw samples."""
    told = pl.col("response_ms").is_not_null()
    double = pl.col("cpu", "memory", "response_ms").cast(pl.Float32).cast(pl.Float64)
    return (
        raw.with_columns(double, pl.col("ts").dt.truncate(width).alias("bucket"))
        .group_by("bucket", "agent_key")
        .agg(
            pl.len().cast(pl.Int64).alias("samples"),
            pl.col("cpu").sum().alias("cpu_sum"),
            pl.col("cpu").max().alias("cpu_max"),
            pl.col("memory").sum().alias("memory_sum"),
            pl.col("memory").max().alias("memory_max"),
            pl.col("messages").cast(pl.Int64).sum(),
            pl.col("errors").cast(pl.Int64).sum(),
            (pl.col("response_ms") * pl.col("messages")).sum().alias("response_ms_sum"),
            pl.col("messages").cast(pl.Int64).filter(told).sum().alias("response_messages"),
        )
    )


def _coarser(level: pl.DataFrame, fine: pl.DataFrame, width: timedelta) -> pl.DataFrame:
    up = (
        fine.with_columns(pl.col("bucket").dt.truncate(width))
        .group_by("bucket", "agent_key")
        .agg(pl.len().cast(pl.Int64).alias("up_buckets"))
    )
    return level.join(up, on=["bucket", "agent_key"])


def _over_all(rows: pl.DataFrame) -> pl.DataFrame:
    sums = [name for name in [*SUMS, *REALS] if not name.endswith("_max")]
    return rows.group_by("bucket").agg(pl.col(sums).sum(), pl.col("cpu_max", "memory_max").max())


def _frame(connection: psycopg.Connection[Any], query: str) -> pl.DataFrame:
    cursor = connection.execute(query.encode())
    names = [column.name for column in cursor.description or ()]
    return pl.DataFrame(cursor.fetchall(), schema=names, orient="row", infer_schema_length=None)


def _same(stored: pl.DataFrame, expected: pl.DataFrame, key: list[str]) -> None:
    stored, expected = stored.sort(key), expected.sort(key)
    for name in [*key, *SUMS]:
        assert stored[name].to_list() == expected[name].to_list(), name
    for name in REALS:
        np.testing.assert_allclose(
            stored[name].cast(pl.Float64).to_numpy(), expected[name].to_numpy(), 1e-6, err_msg=name
        )

"""Marks of transactions in the log are passed over, and neither lag nor a gap."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psycopg
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete

from ingest.admin.topics import create_topics
from schemas.settings import KafkaSettings
from tests.integration.ingest.admin.test_topics import admin
from tests.integration.ingest.test_ingest import encode, ends_with, minutes, sample
from tests.support.ingest_process import ingest_process
from tests.support.kafka import Put, delete, put
from tests.support.oracle import all_stored, log_ends, stored_identities
from tests.support.stack import Stack, Topics
from tests.support.waiting import until

Environment = Callable[..., dict[str, str]]


@asynccontextmanager
async def producer(stack: Stack, topic: str) -> AsyncIterator[AIOKafkaProducer]:
    """A producer with transactions."""
    made = AIOKafkaProducer(bootstrap_servers=stack.kafka_bootstrap, transactional_id=topic)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def transaction(of: AIOKafkaProducer, topic: str, messages: Iterable[Put]) -> None:
    """These messages, and a mark behind them."""
    async with of.transaction():
        for message in messages:
            await of.send(topic, message.value, message.key, 0)


async def given_up(of: AIOKafkaProducer, topic: str, messages: Iterable[Put]) -> None:
    """The same, and none of them is ever to be seen."""
    with suppress(ZeroDivisionError):
        async with of.transaction():
            for message in messages:
                await of.send_and_wait(topic, message.value, message.key, 0)
            raise ZeroDivisionError


async def test_marks_are_stored_past_and_no_lag(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    tmp_path: Path,
) -> None:
    topics, env = made_topics, ingest_environment()
    async with ingest_process(env, tmp_path / "first.log") as ingest:
        async with producer(stack, topics.samples) as sending:
            await transaction(sending, topics.samples, minutes("kept", 5))
            await all_stored(stack, database, topics)
            await given_up(sending, topics.samples, minutes("never", 3))
            await all_stored(stack, database, topics)
        name = f'{{partition="0",topic="{topics.samples}"}}'

        async def no_lag() -> bool:
            return (
                await ingest.metric(f"fleetgauge_lag_records{name}") == 0
                and await ingest.metric(f"fleetgauge_lag_seconds{name}") == 0
            )

        await until(no_lag, "no lag", 60)
        assert await ingest.stop() == 0
    assert (next_offset(database), last_record_offset(database)) == (10, 4)
    await put(stack, topics.samples, [Put(encode(sample("late")))])
    async with ingest_process(env, tmp_path / "second.log") as ingest:
        await all_stored(stack, database, topics)
        assert await ingest.stop() == 0
    agents = {agent for _, agent, _ in stored_identities(database)}
    assert agents == {"kept", "late"}
    assert (next_offset(database), last_record_offset(database)) == (11, 10)


def next_offset(database: str) -> int:
    return stored(database, "next_offset")


def last_record_offset(database: str) -> int:
    return stored(database, "last_record_offset")


def stored(database: str, column: str) -> int:
    """Of partition 0 of the samples."""
    with psycopg.connect(database) as connection:
        ((row,),) = connection.execute(
            "select to_jsonb(o) from ingest_offsets o where topic like '%samples' and partition = 0"
        ).fetchall()
    return int(row[column])


async def test_a_mark_that_retention_removed_is_no_gap(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    kafka: KafkaSettings,
    tmp_path: Path,
) -> None:
    topics, env = made_topics, ingest_environment()
    async with producer(stack, topics.samples) as sending:
        await transaction(sending, topics.samples, minutes("kept", 5))
    async with ingest_process(env, tmp_path / "first.log") as ingest:
        await all_stored(stack, database, topics)
        assert await ingest.stop() == 0
    here = TopicPartition(topics.samples, 0)
    end = (await log_ends(stack, [topics.samples]))[here]
    async with admin(kafka) as client:
        await client.delete_records({here: RecordsToDelete(end)})
    async with ingest_process(env, tmp_path / "second.log") as ingest:
        await ingest.said('"claimed"')
        await put(stack, topics.samples, [Put(encode(sample("late")))])
        await all_stored(stack, database, topics)
        assert await ingest.stop() == 0


async def test_a_recreated_topic_is_detected_behind_marks_too(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    kafka: KafkaSettings,
    tmp_path: Path,
) -> None:
    topics, env = made_topics, ingest_environment()
    async with producer(stack, topics.samples) as sending:
        await transaction(sending, topics.samples, minutes("old", 5))
    async with ingest_process(env, tmp_path / "first.log") as ingest:
        await all_stored(stack, database, topics)
        assert await ingest.stop() == 0
    # As an earlier version left it: the last record alone shows the difference.
    with psycopg.connect(database) as connection:
        connection.execute("update ingest_offsets set topic_id = null")
    await delete(stack, topics.samples)
    await until(lambda: asyncio.to_thread(lambda: create_topics(kafka) == 0), "the topic", 60)
    await put(stack, topics.samples, minutes("new", 9))
    words = f"{topics.samples}/0: the record at offset 4 is not"
    await ends_with(env, tmp_path / "second.log", words)

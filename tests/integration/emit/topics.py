"""Topics on the real broker: made for a test, and read to their end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from emit.buffer import CarryingSample
from ingest.admin.topics import create_topics
from schemas.events import Event, Message
from schemas.settings import KafkaSettings
from tests.support.stack import Topics

READ_TIMEOUT_MS = 10_000


async def made(bootstrap: str, topics: Topics) -> None:
    """Creates them as `fleetgauge migrate` does."""
    settings = KafkaSettings(
        kafka_bootstrap=bootstrap,
        samples_topic=topics.samples,
        events_topic=topics.events,
        deadletter_topic=topics.deadletter,
    )
    assert await asyncio.to_thread(create_topics, settings) == 0


@asynccontextmanager
async def reader(bootstrap: str, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer at the topic's begin."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def records(bootstrap: str, topic: str) -> list[ConsumerRecord]:
    """All that is in the topic now."""
    async with reader(bootstrap, topic) as consumer:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        found: list[ConsumerRecord] = []
        while await _before(consumer, ends):
            fetched = await consumer.getmany(timeout_ms=READ_TIMEOUT_MS)
            found += [record for batch in fetched.values() for record in batch]
        return found


async def _before(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
    return any([await consumer.position(partition) < end for partition, end in ends.items()])


def events_of(record: ConsumerRecord) -> list[Event]:
    """As ingest would decode it."""
    decoded: Event | list[Event] = _decoded(record, Message)
    return decoded if isinstance(decoded, list) else [decoded]


def samples_of(record: ConsumerRecord) -> list[CarryingSample]:
    """With the fields that the contract does not know."""
    shape = CarryingSample | list[CarryingSample]
    decoded: CarryingSample | list[CarryingSample] = _decoded(record, shape)
    return decoded if isinstance(decoded, list) else [decoded]


def _decoded(record: ConsumerRecord, shape: object) -> Any:
    packed = dict(record.headers).get("content-type") == b"application/msgpack"
    return (msgspec.msgpack if packed else msgspec.json).decode(record.value, type=shape)

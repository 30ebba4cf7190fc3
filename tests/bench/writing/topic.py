"""Creates and fills topics for a benchmark."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from ingest.admin.topics import create_topics
from schemas.events import Sample
from schemas.settings import KafkaSettings
from tests.support.stack import Stack, Topics

RECORD_BATCH_BYTES = 256 * 1024


@contextmanager
def created_topics(stack: Stack, partitions: int = 1) -> Iterator[Topics]:
    """Empty topics with unique names, as `fleetgauge migrate` creates them; deleted on exit."""
    mark = uuid4().hex[:8]
    topics = Topics(f"bench-{mark}.samples", f"bench-{mark}.events", f"bench-{mark}.deadletter")
    settings = KafkaSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        samples_topic=topics.samples,
        events_topic=topics.events,
        deadletter_topic=topics.deadletter,
        samples_partitions=partitions,
        events_partitions=1,
    )
    create_topics(settings)
    try:
        yield topics
    finally:
        names = [topics.samples, topics.events, topics.deadletter, settings.replayed_topic]
        asyncio.run(_delete(stack, names))


@contextmanager
def filled_topics(stack: Stack, samples: Iterable[Sample], partitions: int = 1) -> Iterator[Topics]:
    """Topics with the samples in order, one per message, agents spread over the partitions."""
    with created_topics(stack, partitions) as topics:
        asyncio.run(_fill(stack.kafka_bootstrap, topics.samples, samples, partitions))
        yield topics


async def _fill(bootstrap: str, topic: str, samples: Iterable[Sample], partitions: int) -> None:
    producer = new_producer(bootstrap)
    await producer.start()
    try:
        await send(producer, topic, samples, partitions)
        await producer.flush()
    finally:
        await producer.stop()


def new_producer(bootstrap: str) -> Any:
    """A producer that is not started."""
    return AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=RECORD_BATCH_BYTES)


async def send(producer: Any, topic: str, samples: Iterable[Sample], partitions: int) -> None:
    """Send samples in record batches built here, which is faster than single records."""
    batches = [producer.create_batch() for _ in range(partitions)]
    for sample in samples:
        place = int(sample.agent_id.rpartition("-")[2]) % partitions
        key, value = sample.agent_id.encode(), msgspec.json.encode(sample)
        if batches[place].append(key=key, value=value, timestamp=None) is None:
            await producer.send_batch(batches[place], topic, partition=place)
            batches[place] = producer.create_batch()
            batches[place].append(key=key, value=value, timestamp=None)
    for place, batch in enumerate(batches):
        if batch.record_count():
            await producer.send_batch(batch, topic, partition=place)


async def _delete(stack: Stack, names: list[str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka_bootstrap)
    # A leftover topic uses disk space, but does not affect results.
    with suppress(KafkaError):
        await admin.start()
        try:
            await admin.delete_topics(names)
        finally:
            await admin.close()

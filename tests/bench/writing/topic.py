"""Topics of a benchmark, filled beforehand."""

import asyncio
from collections.abc import Iterable
from uuid import uuid4

import msgspec
from aiokafka import AIOKafkaProducer

from ingest.topics import create_topics
from schemas.events import Sample
from schemas.settings import KafkaSettings
from tests.stack import Stack, Topics

RECORD_BATCH_BYTES = 256 * 1024


def created_topics(stack: Stack, partitions: int = 1) -> Topics:
    """Empty ones, as `fleetgauge migrate` makes them, with names that nobody uses."""
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
    asyncio.run(_create(settings))
    return topics


async def _create(settings: KafkaSettings) -> None:
    await asyncio.to_thread(create_topics, settings)


def filled_topics(stack: Stack, samples: Iterable[Sample], partitions: int = 1) -> Topics:
    """Topics with these samples, one a message, in their order, agents spread over partitions."""
    topics = created_topics(stack, partitions)
    asyncio.run(_fill(stack, topics.samples, samples, partitions))
    return topics


async def _fill(stack: Stack, topic: str, samples: Iterable[Sample], partitions: int) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=stack.kafka_bootstrap, max_batch_size=RECORD_BATCH_BYTES
    )
    await producer.start()
    try:
        batches = [producer.create_batch() for _ in range(partitions)]
        places: dict[str, int] = {}
        for sample in samples:
            place = places.setdefault(sample.agent_id, len(places) % partitions)
            key, value = sample.agent_id.encode(), msgspec.json.encode(sample)
            if batches[place].append(key=key, value=value, timestamp=None) is None:
                await producer.send_batch(batches[place], topic, partition=place)
                batches[place] = producer.create_batch()
                batches[place].append(key=key, value=value, timestamp=None)
        for place, batch in enumerate(batches):
            await producer.send_batch(batch, topic, partition=place)
        await producer.flush()
    finally:
        await producer.stop()

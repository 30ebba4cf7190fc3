"""Where the log of each partition begins and ends now, as the broker knows it."""

from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from ingest.admin.topics import partitions_of
from ingest.kafka.topic import TopicError
from ingest.reading.positions import Bounds
from schemas.runtime.broker import start
from schemas.runtime.kafkaclient import client_options
from schemas.settings import KafkaSettings


async def read_bounds(
    kafka: KafkaSettings, topics: Sequence[str], client_id: str
) -> dict[TopicPartition, Bounds]:
    """First offset and end of each partition; raises KafkaError, and TopicError where there is no
    such topic or this login sees none of its partitions.

    By clients of its own, each time: who asks does so twice a minute at most, and finds topics
    that were recreated or have grown, new leaders and new passwords.
    """
    partitions = await partitions_of(kafka, topics)
    for topic in set(topics) - {partition.topic for partition in partitions}:
        raise TopicError(
            f"the broker shows this login no partition of topic {topic}: 'fleetgauge doctor' names "
            "the missing right"
        )
    options = client_options(kafka)
    consumer = AIOKafkaConsumer(**options, client_id=client_id)
    try:
        await start(consumer, options)
        starts = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
    finally:
        await consumer.stop()
    return {partition: (starts[partition], ends[partition]) for partition in partitions}

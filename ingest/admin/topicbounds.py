"""The current start and end offsets of each partition's log."""

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
    """Returns the first offset and the end of each partition.

    Creates new clients for each call, so that it sees recreated topics, added partitions, new
    leaders and new passwords; callers call it at most twice a minute. Raises KafkaError, and
    TopicError if a topic is missing or this login sees none of its partitions.
    """
    partitions = await partitions_of(kafka, topics)
    for topic in set(topics) - {partition.topic for partition in partitions}:
        raise TopicError(
            f"this login cannot see any partition of topic {topic}: 'fleetgauge doctor' names the "
            "missing right"
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

"""Dead letters as ingest writes them, and what a command makes of them."""

import asyncio
import time
from collections.abc import Iterable
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from ingest.admin.dlq.filter import Filter
from ingest.admin.dlq.letter import Letter
from ingest.admin.dlq.reader import matching_letters, open_topic
from ingest.record import Record
from ingest.rejection import Origin, Rejection
from ingest.writing.deadlettersender import open_dead_letters
from schemas.settings import KafkaSettings

ANY: Final = Filter()
MARKS_WITHIN_S: Final = 5.0


def refused(
    record: Record, reason: Any = "invalid", index: int | None = None, detail: str = "why"
) -> Rejection:
    """What ingest makes of a record that it cannot use."""
    return Rejection(Origin(record, index), reason, detail)


async def write(kafka: KafkaSettings, rejections: Iterable[Rejection]) -> None:
    """Sends them to the dead letters, in order, by ingest's own hand."""
    async with open_dead_letters(kafka) as dead_letters:
        await dead_letters.send(list(rejections))


async def found(kafka: KafkaSettings, wanted: Filter = ANY) -> list[Letter]:
    """Those that are there, in order."""
    async with open_topic(kafka, kafka.deadletter_topic) as log:
        return [letter async for letter in matching_letters(log, wanted, lambda *_: None)]


async def _written(kafka: KafkaSettings, partitions: list[TopicPartition]) -> dict[Any, int]:
    """The ends of what is in the log, committed or not."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.kafka_bootstrap)
    await consumer.start()
    try:
        ends: dict[Any, int] = await consumer.end_offsets(partitions)
        return ends
    finally:
        await consumer.stop()


async def committed(kafka: KafkaSettings, topic: str) -> list[Any]:
    """Every record that a reader of committed ones gets, as ingest is one.

    The broker acknowledges a commit before its mark is in the log: a moment is left to it, and no
    more, for a transaction may be open for good.
    """
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=kafka.kafka_bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=8 * 1024**2,
    )
    await consumer.start()
    try:
        partitions = list(consumer.assignment())
        written = await _written(kafka, partitions)
        gives_up = time.monotonic() + MARKS_WITHIN_S
        while (ends := await consumer.end_offsets(partitions)) != written:
            if time.monotonic() > gives_up:
                break
            await asyncio.sleep(0.05)
        records: list[Any] = []
        while any([await consumer.position(p) < end for p, end in ends.items()]):
            for some in (await consumer.getmany(timeout_ms=500)).values():
                records += some
        return records
    finally:
        await consumer.stop()

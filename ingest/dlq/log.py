"""A topic read once, from one time to another, without a group."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from ingest.topics import partitions_of
from schemas.broker import start
from schemas.kafka import client_options
from schemas.settings import KafkaSettings

FETCH_MS: Final = 500
# The client asks a broker that is away again and again, without a word.
PATIENCE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Part:
    """Offsets [first, end) of each partition, as they were when this was asked for."""

    bounds: Mapping[TopicPartition, tuple[int, int]]

    def __len__(self) -> int:
        return sum(max(0, end - first) for first, end in self.bounds.values())


class Log:
    """The committed records of one topic."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def part(self, since: datetime | None = None, until: datetime | None = None) -> Part:
        """What the broker took in [since, until)."""
        partitions = list(self._consumer.assignment())
        firsts = await self._consumer.beginning_offsets(partitions)
        ends = await self._consumer.end_offsets(partitions)
        firsts = await self._at(since, firsts, ends) if since else firsts
        ends = await self._at(until, ends, ends) if until else ends
        return Part({partition: (firsts[partition], ends[partition]) for partition in partitions})

    async def _at(
        self, moment: datetime, offsets: dict[TopicPartition, int], ends: dict[TopicPartition, int]
    ) -> dict[TopicPartition, int]:
        """The first offset at or after a moment; the end where there is none."""
        ms = round(moment.timestamp() * 1000)
        found = await self._consumer.offsets_for_times(dict.fromkeys(offsets, ms))
        return {p: at.offset if at else ends[p] for p, at in found.items()}

    async def records(
        self, part: Part
    ) -> AsyncIterator["ConsumerRecord[bytes | None, bytes | None]"]:
        """The records of a part, in order within each partition.

        Raises KafkaTimeoutError where the broker falls silent.
        """
        left = {p: end for p, (first, end) in part.bounds.items() if first < end}
        self._consumer.pause(*(self._consumer.assignment() - left.keys()))
        for partition in left:
            self._consumer.seek(partition, part.bounds[partition][0])
        told = time.monotonic()
        while left:
            fetched = await self._consumer.getmany(timeout_ms=FETCH_MS)
            for partition, records in fetched.items():
                for record in records:
                    if record.offset < part.bounds[partition][1]:
                        yield record
            # The last offset may be no record's: transactions end with a mark of their own.
            passed = [p for p, end in left.items() if await self._consumer.position(p) >= end]
            for partition in passed:
                del left[partition]
                self._consumer.pause(partition)
            if fetched or passed:
                told = time.monotonic()
            elif time.monotonic() > told + PATIENCE_S:
                raise KafkaTimeoutError(f"the broker has sent nothing for {PATIENCE_S:.0f} s")


@asynccontextmanager
async def open_log(kafka: KafkaSettings, topic: str) -> AsyncIterator[Log]:
    """Raises TopicError where there is no such topic, KafkaError where no broker answers."""
    partitions = await partitions_of(kafka, [topic])
    options = client_options(kafka)
    consumer = AIOKafkaConsumer(
        **options,
        client_id="fleetgauge-dlq",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_partition_fetch_bytes=4 * kafka.message_max_bytes,
    )
    try:
        await start(consumer, options)
        consumer.assign(partitions)
        yield Log(consumer)
    finally:
        await consumer.stop()

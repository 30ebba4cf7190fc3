"""Reads a topic once, between two times, without a consumer group; finds dead letters in it."""

import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from ingest.admin.dlq.filter import Filter
from ingest.admin.dlq.letter import Letter, SourceRef, letters_of
from ingest.admin.topics import partitions_of
from schemas.runtime.broker import start
from schemas.runtime.kafkaclient import client_options
from schemas.settings import KafkaSettings

FETCH_MS: Final = 500
# The client retries an unavailable broker forever, without an error.
PATIENCE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class OffsetRanges:
    """Offsets [first, end) of each partition at the time of the query."""

    bounds: Mapping[TopicPartition, tuple[int, int]]

    def __len__(self) -> int:
        return sum(max(0, end - first) for first, end in self.bounds.values())


class TopicReader:
    """The committed records of one topic."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def offsets(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> OffsetRanges:
        """The offsets of records with a broker time in [since, until)."""
        partitions = list(self._consumer.assignment())
        firsts = await self._consumer.beginning_offsets(partitions)
        ends = await self._consumer.end_offsets(partitions)
        firsts = await self._at(since, firsts, ends) if since else firsts
        ends = await self._at(until, ends, ends) if until else ends
        return OffsetRanges(
            {partition: (firsts[partition], ends[partition]) for partition in partitions}
        )

    async def _at(
        self, moment: datetime, offsets: dict[TopicPartition, int], ends: dict[TopicPartition, int]
    ) -> dict[TopicPartition, int]:
        """The first offset at or after `moment` in each partition; else its end."""
        ms = round(moment.timestamp() * 1000)
        found = await self._consumer.offsets_for_times(dict.fromkeys(offsets, ms))
        return {p: at.offset if at else ends[p] for p, at in found.items()}

    async def records(
        self, ranges: OffsetRanges
    ) -> AsyncIterator["ConsumerRecord[bytes | None, bytes | None]"]:
        """The records of these ranges, in order within each partition.

        Raises KafkaTimeoutError if the broker sends nothing for PATIENCE_S.
        """
        left = {p: end for p, (first, end) in ranges.bounds.items() if first < end}
        self._consumer.pause(*(self._consumer.assignment() - left.keys()))
        for partition in left:
            self._consumer.seek(partition, ranges.bounds[partition][0])
        heard_at = time.monotonic()
        while left:
            fetched = await self._consumer.getmany(timeout_ms=FETCH_MS)
            for partition, records in fetched.items():
                for record in records:
                    if record.offset < ranges.bounds[partition][1]:
                        yield record
            # The last offset may belong to a transaction's control record.
            passed = [p for p, end in left.items() if await self._consumer.position(p) >= end]
            for partition in passed:
                del left[partition]
                self._consumer.pause(partition)
            if fetched or passed:
                heard_at = time.monotonic()
            elif time.monotonic() > heard_at + PATIENCE_S:
                raise KafkaTimeoutError(f"the broker has sent nothing for {PATIENCE_S:.0f} s")


@asynccontextmanager
async def open_topic(kafka: KafkaSettings, topic: str) -> AsyncIterator[TopicReader]:
    """Raises TopicError if the topic is missing, KafkaError if no broker answers."""
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
        yield TopicReader(consumer)
    finally:
        await consumer.stop()


# Progress callback: the number of records read, and their total.
OnProgress = Callable[[int, int], None]


async def matching_letters(
    topic: TopicReader, filter_: Filter, on_progress: OnProgress
) -> AsyncIterator[Letter]:
    """The selected dead letters up to the current end, in order within each partition.

    Skips records that ingest did not write. Raises KafkaTimeoutError if the broker stops answering.
    """
    ranges = await topic.offsets(filter_.since, filter_.until)
    done, total = 0, len(ranges)
    on_progress(done, total)
    async for record in topic.records(ranges):
        for letter in letters_of(record):
            if filter_.fits(letter):
                yield letter
        done += 1
        on_progress(done, total)
    on_progress(total, total)


class LetterRef(NamedTuple):
    """A dead letter's own position in the dead-letter topic."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"


Target = LetterRef | SourceRef


def target(text: str) -> Target:
    """Parses PARTITION:OFFSET or TOPIC/PARTITION/OFFSET[/INDEX].

    Raises ValueError with a sentence.
    """
    own = re.fullmatch(r"(\d{1,9}):(\d{1,18})", text)
    try:
        return LetterRef(int(own[1]), int(own[2])) if own else SourceRef.parse(text)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is not TOPIC/PARTITION/OFFSET, TOPIC/PARTITION/OFFSET/INDEX or "
            "PARTITION:OFFSET"
        ) from error


async def find(topic: TopicReader, at: Target, on_progress: OnProgress) -> list[Letter]:
    """The dead letters at a position, without duplicates."""
    letters = _one(topic, at) if isinstance(at, LetterRef) else _of(topic, at, on_progress)
    async with aclosing(letters):
        return list({letter.place: letter async for letter in letters}.values())


async def _one(topic: TopicReader, at: LetterRef) -> AsyncGenerator[Letter, None]:
    ranges = await topic.offsets()
    for held, (first, end) in ranges.bounds.items():
        if held.partition == at.partition and first <= at.offset < end:
            async for record in topic.records(OffsetRanges({held: (at.offset, at.offset + 1)})):
                for letter in letters_of(record):
                    yield letter


async def _of(
    topic: TopicReader, place: SourceRef, on_progress: OnProgress
) -> AsyncGenerator[Letter, None]:
    filter_ = Filter(topic=place.topic, partition=place.partition)
    async for letter in matching_letters(topic, filter_, on_progress):
        same_record = letter.place.offset == place.offset
        if same_record and place.index in (None, letter.place.index):
            yield letter

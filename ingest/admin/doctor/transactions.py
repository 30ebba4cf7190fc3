"""Check for open transactions of other producers: Kafka withholds the records after their start."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from ingest.admin.doctor.finding import Finding, ok, warning
from ingest.kafka.brokerclient import BrokerClient, OpenTransaction, open_broker
from ingest.reading.positions import Bounds
from ingest.record import broker_time
from schemas.runtime.broker import start
from schemas.runtime.kafkaclient import client_options
from schemas.settings import KafkaSettings

# Healthy producers keep transactions open for less.
MAX_OPEN: Final = timedelta(seconds=5)
READ_TIMEOUT_MS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Withheld:
    """Records of a partition that an open transaction withholds, from offset `start` on.

    `since` is the broker time of the transaction's first record. Unknown values are None.
    """

    partition: TopicPartition
    records: int
    start: int
    since: datetime | None
    producer_id: int | None
    transactional_id: str | None


async def read_withheld(
    kafka: KafkaSettings, bounds: Mapping[TopicPartition, Bounds]
) -> list[Withheld]:
    """The partitions in `bounds` that have withheld records; raises KafkaError."""
    async with _consumer(kafka, "read_committed") as committed:
        stable = await committed.end_offsets(list(bounds))
    ends = {p: (stable[p], end) for p, (_, end) in bounds.items() if stable[p] < end}
    if not ends:
        return []
    async with open_broker(kafka) as broker, _consumer(kafka, "read_uncommitted") as consumer:
        return [
            await _look(broker, consumer, partition, *ends[partition]) for partition in sorted(ends)
        ]


async def _look(
    broker: BrokerClient,
    consumer: AIOKafkaConsumer,
    partition: TopicPartition,
    first: int,
    end: int,
) -> Withheld:
    since = await _time_of(consumer, partition, first)
    producer_id, transactional_id = await _producer(broker, partition)
    return Withheld(partition, end - first, first, since, producer_id, transactional_id)


async def _time_of(
    consumer: AIOKafkaConsumer, partition: TopicPartition, offset: int
) -> datetime | None:
    consumer.assign([partition])
    consumer.seek(partition, offset)
    found = await consumer.getmany(timeout_ms=READ_TIMEOUT_MS, max_records=1)
    for record in found.get(partition, ()):
        return broker_time(record.timestamp)
    return None


async def _producer(
    broker: BrokerClient, partition: TopicPartition
) -> tuple[int | None, str | None]:
    """The producer id and transactional id of the oldest open transaction, if known."""
    try:
        known = (await broker.topics([partition.topic]))[partition.topic]
        leader = known.leaders[partition.partition]
        opened = await broker.open_transactions(partition.topic, partition.partition, leader)
    except (KafkaError, KeyError):
        # An old broker, or a login without the right.
        return None, None
    return await _named(broker, opened)


async def _named(
    broker: BrokerClient, opened: Sequence[OpenTransaction]
) -> tuple[int | None, str | None]:
    if not opened:
        return None, None
    producer_id = opened[0].producer_id
    try:
        return producer_id, await broker.transactional_id(producer_id)
    except KafkaError:
        return producer_id, None


@asynccontextmanager
async def _consumer(kafka: KafkaSettings, isolation: str) -> AsyncIterator[Any]:
    options = client_options(kafka)
    consumer = AIOKafkaConsumer(**options, client_id="fleetgauge-doctor", isolation_level=isolation)
    try:
        await start(consumer, options)
        yield consumer
    finally:
        await consumer.stop()


def examine_withheld(
    withheld: Sequence[Withheld], kafka: KafkaSettings, now: datetime
) -> list[Finding]:
    """A finding per partition with withheld records."""
    return [_examine(one, kafka, now) for one in withheld]


def _examine(one: Withheld, kafka: KafkaSettings, now: datetime) -> Finding:
    topic, partition = one.partition
    says = f"{topic}/{partition}: {one.records} records are withheld by an open transaction"
    known = []
    if one.since is not None:
        known.append(f"since {one.since:%Y-%m-%dT%H:%M:%SZ}")
    if one.transactional_id is not None:
        known.append(f"transactional id {one.transactional_id}")
    elif one.producer_id is not None:
        known.append(f"producer id {one.producer_id}")
    if known:
        says += f" ({', '.join(known)})"
    facts = {"partition": f"{topic}/{partition}", "records": one.records, "since": one.since}
    if one.since is not None and now - one.since <= MAX_OPEN:
        return ok("lag", says, **facts)
    abort = (
        f"kafka-transactions.sh --bootstrap-server {kafka.kafka_bootstrap} "
        f"abort --topic {topic} --partition {partition} --start-offset {one.start}"
    )
    return warning("lag", says, f"stop that producer, or abort its transaction: {abort}", **facts)

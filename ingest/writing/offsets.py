"""The fence: who may write a partition, and how far it is stored.

A consumer claims a partition when the group assigns it (epoch + 1). A batch locks its partitions'
rows first, compares them, and moves them last in the same transaction.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any, Final
from uuid import UUID

from aiokafka import TopicPartition
from psycopg import AsyncConnection

from ingest.batch import OffsetSpan
from ingest.kafka.logidentity import LogIdentity
from ingest.record import Record, broker_time, representable_ms
from ingest.unexpectederrors import StepError
from sql.named import query

RESTARTED: Final = "been restarted, or replaced, since it was claimed"


class FencedError(StepError):
    """Somebody else claimed a partition of this batch: it is read and claimed again."""

    def __init__(self, partition: TopicPartition, span: OffsetSpan, found: str) -> None:
        super().__init__(
            f"{partition.topic}/{partition.partition}: offsets {span.first} to {span.next} were "
            f"not written, the database has {found}"
        )


class StaleClaimError(FencedError):
    """A claim that the database does not have as it was: it went back, or somebody else claimed."""

    def __init__(self, partition: TopicPartition, stored: int, epoch: int, found: str) -> None:
        Exception.__init__(
            self,
            f"{partition.topic}/{partition.partition}: was stored to offset {stored} in epoch "
            f"{epoch}, the database has {found}",
        )


class BatchState(Enum):
    """What the locked rows say of a batch."""

    NOT_STORED = auto()
    STORED = auto()


@dataclass(frozen=True, slots=True)
class LastRecord:
    """What is remembered of the last record before the stored offset, to know its topic again."""

    offset: int
    ts_ms: int
    crc: int

    @classmethod
    def of(cls, record: Record) -> "LastRecord":
        crc = zlib.crc32(record.value or b"", zlib.crc32(record.key or b""))
        return cls(record.offset, representable_ms(record.timestamp), crc)


@dataclass(frozen=True, slots=True)
class Claim:
    """A partition that is ours while `epoch` is the database's newest.

    `topic_id` is that of the topic that the offset belongs to, None where it was stored before the
    ids were; `server` names the database, and the run of its server, in which it was claimed.
    """

    epoch: int
    next_offset: int
    cluster_id: str
    last_record: LastRecord | None
    topic_id: UUID | None
    server: str


async def claim(
    connection: AsyncConnection[Any], partition: TopicPartition, log_start: int, log: LogIdentity
) -> Claim:
    """Takes a partition over; one that was never stored starts at `log_start`."""
    cursor = await connection.execute(
        query("claim_partition"),
        {
            "topic": partition.topic,
            "partition": partition.partition,
            "log_start": log_start,
            "cluster_id": log.cluster_id,
            "topic_id": log.topic_id,
        },
    )
    (row,) = await cursor.fetchall()
    next_offset, epoch, cluster_id, topic_id, offset, ts, crc, server = row
    last = None if ts is None else LastRecord(offset, round(ts.timestamp() * 1000), crc)
    return Claim(epoch, next_offset, cluster_id, last, topic_id, server)


async def reposition(
    connection: AsyncConnection[Any],
    partition: TopicPartition,
    held: Claim,
    next_offset: int,
    log: LogIdentity,
) -> Claim:
    """Starts a claimed partition at another offset, after a gap that the operator accepted.

    Raises StaleClaimError where somebody else has claimed it meanwhile.
    """
    cursor = await connection.execute(
        query("reposition_partition"),
        {
            "topic": partition.topic,
            "partition": partition.partition,
            "epoch": held.epoch,
            "next_offset": next_offset,
            "cluster_id": log.cluster_id,
            "topic_id": log.topic_id,
        },
    )
    if cursor.rowcount != 1:
        raise StaleClaimError(partition, held.next_offset, held.epoch, "another epoch")
    return Claim(held.epoch, next_offset, log.cluster_id, None, log.topic_id, held.server)


async def check(
    connection: AsyncConnection[Any],
    claims: Mapping[TopicPartition, Claim],
    stored: Mapping[TopicPartition, int],
) -> None:
    """Compares what is remembered of these partitions with the database, which may be further.

    Raises StaleClaimError where it is another server than claimed on, has another epoch, or has
    less than was stored.
    """
    cursor = await connection.execute(query("read_offsets"), _partitions(claims))
    rows = {TopicPartition(t, p): row for t, p, *row in await cursor.fetchall()}
    for partition, held in claims.items():
        at = stored.get(partition, held.next_offset)
        next_offset, epoch, server = rows.get(partition, (None, None, None))
        if next_offset is None:
            raise StaleClaimError(partition, at, held.epoch, "no such partition")
        if server != held.server:
            raise StaleClaimError(partition, at, held.epoch, RESTARTED)
        if epoch != held.epoch or next_offset < at:
            found = f"offset {next_offset} in epoch {epoch}"
            raise StaleClaimError(partition, at, held.epoch, found)


async def lock(
    connection: AsyncConnection[Any],
    spans: Mapping[TopicPartition, OffsetSpan],
    claims: Mapping[TopicPartition, Claim],
) -> BatchState:
    """Holds the rows of a batch until its transaction ends, and compares them.

    After an ambiguous COMMIT this read decides: it waits until the earlier one is settled.
    Raises FencedError where a row is neither at the batch's start nor at its end, or not ours.
    """
    cursor = await connection.execute(query("lock_offsets"), _partitions(spans))
    rows = {TopicPartition(t, p): tuple(row) for t, p, *row in await cursor.fetchall()}
    states = {_compare(tp, span, claims[tp], rows.get(tp)) for tp, span in spans.items()}
    if len(states) != 1:
        tp, span = next(iter(spans.items()))
        raise FencedError(tp, span, "some of the batch's partitions stored and others not")
    return states.pop()


def _compare(
    partition: TopicPartition, span: OffsetSpan, held: Claim, row: tuple[int, int, str] | None
) -> BatchState:
    if row is None:
        raise FencedError(partition, span, "no such partition")
    offset, epoch, server = row
    if server != held.server:
        raise FencedError(partition, span, RESTARTED)
    if (offset, epoch) == (span.first, held.epoch):
        return BatchState.NOT_STORED
    if (offset, epoch) == (span.next, held.epoch):
        return BatchState.STORED
    raise FencedError(partition, span, f"offset {offset} in epoch {epoch}, ours is {held.epoch}")


async def advance(
    connection: AsyncConnection[Any],
    spans: Mapping[TopicPartition, OffsetSpan],
    claims: Mapping[TopicPartition, Claim],
) -> datetime | None:
    """Moves the offsets behind a batch by compare-and-set; the last statement before COMMIT.

    Returns the time before which retention has dropped samples, None where it never did: as of
    now, and the caller's rows are in. Raises FencedError where a row has moved under the lock.
    """
    last = [span.last and LastRecord.of(span.last) for span in spans.values()]
    cursor = await connection.execute(
        query("advance_offsets"),
        {
            **_partitions(spans),
            "epochs": [claims[tp].epoch for tp in spans],
            "topic_ids": [claims[tp].topic_id for tp in spans],
            "first_offsets": [span.first for span in spans.values()],
            "next_offsets": [span.next for span in spans.values()],
            "last_record_offsets": [r and r.offset for r in last],
            "last_record_ts": [r and broker_time(r.ts_ms) for r in last],
            "last_record_crcs": [r and r.crc for r in last],
        },
    )
    dropped_before: datetime | None
    ((moved, dropped_before),) = await cursor.fetchall()
    if moved != len(spans):
        tp, span = next(iter(spans.items()))
        raise FencedError(tp, span, f"moved {moved} of {len(spans)} offsets")
    return dropped_before


def _partitions(partitions: Iterable[TopicPartition]) -> dict[str, Any]:
    listed = list(partitions)
    return {
        "topics": [tp.topic for tp in listed],
        "partitions": [tp.partition for tp in listed],
    }

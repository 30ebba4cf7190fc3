"""The fence: who may write a partition, and how far it is stored.

A consumer claims a partition when the group assigns it (epoch + 1). A batch locks its partitions'
rows first, compares them, and moves them last in the same transaction.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any

from aiokafka import TopicPartition
from psycopg import AsyncConnection

from ingest.batch import Span
from ingest.record import Record
from sql.queries import query


class FencedError(Exception):
    """Somebody else claimed a partition of this batch: it is read and claimed again."""

    def __init__(self, partition: TopicPartition, span: Span, found: str) -> None:
        super().__init__(
            f"{partition.topic}/{partition.partition}: offsets {span.first} to {span.next} were "
            f"not written, the database has {found}"
        )


class Stored(Enum):
    """What the locked rows say of a batch."""

    NOT_YET = auto()
    ALREADY = auto()


@dataclass(frozen=True, slots=True)
class LastRecord:
    """What is remembered of the last record before the stored offset, to know its topic again."""

    offset: int
    ts_ms: int
    crc: int

    @classmethod
    def of(cls, record: Record) -> "LastRecord":
        crc = zlib.crc32(record.value or b"", zlib.crc32(record.key or b""))
        return cls(record.offset, record.timestamp, crc)


@dataclass(frozen=True, slots=True)
class Claim:
    """A partition that is ours while `epoch` is the database's newest."""

    epoch: int
    next_offset: int
    cluster_id: str
    last_record: LastRecord | None


async def claim(
    connection: AsyncConnection[Any], partition: TopicPartition, log_start: int, cluster_id: str
) -> Claim:
    """Takes a partition over; one that was never stored starts at `log_start`."""
    cursor = await connection.execute(
        query("claim_partition"),
        {
            "topic": partition.topic,
            "partition": partition.partition,
            "log_start": log_start,
            "cluster_id": cluster_id,
        },
    )
    ((next_offset, epoch, stored_cluster, offset, ts, crc),) = await cursor.fetchall()
    last = None if ts is None else LastRecord(offset, round(ts.timestamp() * 1000), crc)
    return Claim(epoch, next_offset, stored_cluster, last)


async def reposition(
    connection: AsyncConnection[Any],
    partition: TopicPartition,
    held: Claim,
    next_offset: int,
    cluster_id: str,
) -> Claim:
    """Starts a claimed partition at another offset, after a gap that the operator accepted."""
    await connection.execute(
        query("reposition_partition"),
        {
            "topic": partition.topic,
            "partition": partition.partition,
            "epoch": held.epoch,
            "next_offset": next_offset,
            "cluster_id": cluster_id,
        },
    )
    return Claim(held.epoch, next_offset, cluster_id, None)


async def lock(
    connection: AsyncConnection[Any],
    spans: Mapping[TopicPartition, Span],
    claims: Mapping[TopicPartition, Claim],
) -> Stored:
    """Holds the rows of a batch until its transaction ends, and compares them.

    After an ambiguous COMMIT this read decides: it waits until the earlier one is settled.
    Raises FencedError where a row is neither at the batch's start nor at its end, or not ours.
    """
    cursor = await connection.execute(query("lock_offsets"), _partitions(spans))
    rows = {
        TopicPartition(t, p): (offset, epoch) for t, p, offset, epoch in await cursor.fetchall()
    }
    states = {_compare(tp, span, claims[tp], rows.get(tp)) for tp, span in spans.items()}
    if len(states) != 1:
        tp, span = next(iter(spans.items()))
        raise FencedError(tp, span, "some of the batch's partitions stored and others not")
    return states.pop()


def _compare(
    partition: TopicPartition, span: Span, held: Claim, row: tuple[int, int] | None
) -> Stored:
    if row == (span.first, held.epoch):
        return Stored.NOT_YET
    if row == (span.next, held.epoch):
        return Stored.ALREADY
    if row is None:
        raise FencedError(partition, span, "no such partition")
    raise FencedError(partition, span, f"offset {row[0]} in epoch {row[1]}, ours is {held.epoch}")


async def advance(
    connection: AsyncConnection[Any],
    spans: Mapping[TopicPartition, Span],
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
            "first_offsets": [span.first for span in spans.values()],
            "next_offsets": [span.next for span in spans.values()],
            "last_record_offsets": [r and r.offset for r in last],
            "last_record_ts": [r and datetime.fromtimestamp(r.ts_ms / 1000, UTC) for r in last],
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

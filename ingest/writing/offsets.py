"""Claims, the fence and the stored offsets of partitions.

A consumer claims a partition when the group assigns it (epoch + 1). A batch first locks and checks
its partitions' rows, and advances them last in the same transaction.
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
    """A partition of this batch was claimed by another consumer, or its row has changed.

    Also raised if the database was restored or replaced, its server was restarted, or an agent of
    the batch was erased.
    """

    def __init__(self, partition: TopicPartition, span: OffsetSpan, found: str) -> None:
        super().__init__(
            f"{partition.topic}/{partition.partition}: offsets {span.first} to {span.next} were "
            f"not written, the database has {found}"
        )


class StaleClaimError(FencedError):
    """A claim is not the database's: another consumer has claimed, or the database was restored."""

    def __init__(self, partition: TopicPartition, stored: int, epoch: int, found: str) -> None:
        Exception.__init__(
            self,
            f"{partition.topic}/{partition.partition}: was stored to offset {stored} in epoch "
            f"{epoch}, the database has {found}",
        )


class BatchState(Enum):
    """Whether a batch is stored, according to its locked rows."""

    NOT_STORED = auto()
    STORED = auto()


@dataclass(frozen=True, slots=True)
class LastRecord:
    """The last record before the stored offset, to detect a recreated topic."""

    offset: int
    ts_ms: int
    crc: int

    @classmethod
    def of(cls, record: Record) -> "LastRecord":
        crc = zlib.crc32(record.value or b"", zlib.crc32(record.key or b""))
        return cls(record.offset, representable_ms(record.timestamp), crc)


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim on a partition, valid while `epoch` is the newest in the database.

    `topic_id` is the id of the offset's topic, None if it was stored by a version without topic
    ids; `server` identifies the database and the start of its server.
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
    """Claims a partition; a new one starts at `log_start`."""
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
    """Moves a claimed partition to another offset, after the operator accepted a gap.

    Raises StaleClaimError if another consumer has claimed it meanwhile.
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
    """Compares claims and stored offsets with the database, whose offsets may be higher.

    Raises StaleClaimError if the server is another one, or has another epoch or a lower offset.
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
    """Locks the rows of a batch until its transaction ends, and compares them.

    After a COMMIT with unknown outcome this decides: it waits for the earlier transaction.
    Raises FencedError if a row is neither at the batch's start nor at its end, or not ours.
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
    """Advances the offsets of a batch by compare-and-set; the last statement before COMMIT.

    Returns the time before which retention has dropped samples as of now, None if it never has.
    Raises FencedError if a row has changed under the lock.
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

"""The frontier: the time up to which ingest has stored the samples that agents have sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiokafka import TopicPartition
from psycopg import AsyncConnection

from ingest.admin.topicbounds import read_bounds
from ingest.reading.positions import Bounds
from ingest.reading.storedprogress import StoredPosition, read_progress
from schemas.settings import KafkaSettings
from sql.named import query

CLIENT_ID: Final = "fleetgauge-refresh"
# Agents send samples in batches, so samples with the same time arrive over some seconds.
DISORDER: Final = timedelta(seconds=15)
# A partition that stalls for longer no longer blocks the others; its samples will be late.
PATIENCE: Final = timedelta(minutes=10)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Backlog:
    """A partition with records not stored yet.

    `stored_ts` is the broker time of its last stored record, None if it has none.
    """

    partition: TopicPartition
    next_offset: int
    stored_ts: datetime | None

    def __str__(self) -> str:
        name = f"{self.partition.topic}/{self.partition.partition}"
        if self.stored_ts is None:
            return f"{name} has records, and none of them is stored yet"
        return f"{name} is stored up to {self.stored_ts.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def find_backlogs(
    bounds: Mapping[TopicPartition, Bounds], stored: Mapping[TopicPartition, StoredPosition]
) -> list[Backlog]:
    """Partitions with unstored records, the one furthest behind first."""
    found = []
    for partition, (first, end) in bounds.items():
        held = stored.get(partition)
        next_offset = held.next_offset if held else first
        if next_offset < end:
            found.append(Backlog(partition, next_offset, held.last_ts if held else None))
    return sorted(found, key=lambda one: (one.stored_ts is not None, one.stored_ts, one.partition))


@dataclass(slots=True)
class Frontier:
    """Tracks the progress of the topics' partitions from one call to the next.

    `backlogs` are those of the last call. `behind` holds the offset of each, and since when it has
    been there. `moved_at` is when a change in any partition's stored offset was last seen.
    """

    kafka: KafkaSettings
    clock: Callable[[], datetime] = _now
    backlogs: list[Backlog] = field(default_factory=list)
    behind: dict[TopicPartition, tuple[int, datetime]] = field(default_factory=dict)
    offsets: dict[TopicPartition, int] = field(default_factory=dict)
    moved_at: datetime | None = None

    async def find(self, connection: AsyncConnection[Any]) -> datetime | None:
        """Returns the frontier; None if a partition with records has none stored.

        Raises KafkaError, TopicError and psycopg's errors.
        """
        ((database,),) = await (await connection.execute(query("read_time"))).fetchall()
        # With a clock that is ahead, all samples up to its time would count as late.
        as_of = min(self.clock(), database)
        topics = (self.kafka.samples_topic, self.kafka.events_topic)
        bounds = await read_bounds(self.kafka, topics, CLIENT_ID)
        # Read after the ends: a partition stored up to its end then has all records up to `as_of`.
        progress = await read_progress(connection)
        return self.of(bounds, progress.stored, as_of)

    def of(
        self,
        bounds: Mapping[TopicPartition, Bounds],
        stored: Mapping[TopicPartition, StoredPosition],
        as_of: datetime,
    ) -> datetime | None:
        """Computes the frontier from bounds read after `as_of` and progress read after those.

        It is the minimum over the partitions: `as_of` for one without a backlog, else the time of
        its last stored record. A partition that stalls while others make progress is ignored after
        `PATIENCE`.
        """
        self.backlogs = find_backlogs(bounds, stored)
        self._follow({partition: held.next_offset for partition, held in stored.items()}, as_of)
        self._follow_backlogs(as_of)
        waited_for = [one for one in self.backlogs if not self._is_stalled_alone(one, as_of)]
        moments = [one.stored_ts for one in waited_for]
        if None in moments:
            return None
        return min([as_of, *(moment for moment in moments if moment is not None)]) - DISORDER

    def _follow(self, offsets: dict[TopicPartition, int], now: datetime) -> None:
        if self.moved_at is None or offsets != self.offsets:
            self.offsets, self.moved_at = offsets, now

    def _follow_backlogs(self, now: datetime) -> None:
        known = self.behind
        self.behind = {}
        for one in self.backlogs:
            offset, since = known.get(one.partition, (None, now))
            is_same = offset == one.next_offset
            self.behind[one.partition] = (one.next_offset, since if is_same else now)

    def _is_stalled_alone(self, backlog: Backlog, now: datetime) -> bool:
        # While no partition makes progress, ingest is down: ignoring a backlog would make all late.
        others_move = self.moved_at is not None and now - self.moved_at <= PATIENCE
        return others_move and now - self.behind[backlog.partition][1] > PATIENCE

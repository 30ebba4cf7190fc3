"""Up to when samples may be aggregated: no further than ingest has stored what agents have sent."""

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
# An agent sends its samples in batches, so that those of one moment arrive over some seconds.
DISORDER: Final = timedelta(seconds=15)
# A partition that stands still for so long holds up no other one; its samples will be late.
PATIENCE: Final = timedelta(minutes=10)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Backlog:
    """A partition with records to be stored; `stored_ts` is the broker's time of the last stored
    one, None where none was."""

    partition: TopicPartition
    next_offset: int
    stored_ts: datetime | None

    def __str__(self) -> str:
        name = f"{self.partition.topic}/{self.partition.partition}"
        if self.stored_ts is None:
            return f"{name} has records, of which none is stored"
        return f"{name} is stored up to {self.stored_ts.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def find_backlogs(
    bounds: Mapping[TopicPartition, Bounds], stored: Mapping[TopicPartition, StoredPosition]
) -> list[Backlog]:
    """The partitions that are not stored up to their ends, the one furthest behind first."""
    found = []
    for partition, (first, end) in bounds.items():
        held = stored.get(partition)
        next_offset = held.next_offset if held else first
        if next_offset < end:
            found.append(Backlog(partition, next_offset, held.last_ts if held else None))
    return sorted(found, key=lambda one: (one.stored_ts is not None, one.stored_ts, one.partition))


@dataclass(slots=True)
class Frontier:
    """Follows the partitions of the topics.

    `backlogs` are those of the last look; `behind` has where each was first seen, and when;
    `moved_at` is when the stored offset of any partition was last seen to have moved.
    """

    kafka: KafkaSettings
    clock: Callable[[], datetime] = _now
    backlogs: list[Backlog] = field(default_factory=list)
    behind: dict[TopicPartition, tuple[int, datetime]] = field(default_factory=dict)
    offsets: dict[TopicPartition, int] = field(default_factory=dict)
    moved_at: datetime | None = None

    async def find(self, connection: AsyncConnection[Any]) -> datetime | None:
        """The moment before which samples may be aggregated; None where no record tells.

        Raises KafkaError, TopicError and psycopg's errors.
        """
        ((database,),) = await (await connection.execute(query("read_time"))).fetchall()
        # A clock that is ahead would make everything late that comes before that time.
        asked = min(self.clock(), database)
        topics = (self.kafka.samples_topic, self.kafka.events_topic)
        bounds = await read_bounds(self.kafka, topics, CLIENT_ID)
        # After the ends: a partition stored up to its end has all that was there when asked.
        progress = await read_progress(connection)
        return self.of(bounds, progress.stored, asked)

    def of(
        self,
        bounds: Mapping[TopicPartition, Bounds],
        stored: Mapping[TopicPartition, StoredPosition],
        asked: datetime,
    ) -> datetime | None:
        """The frontier, of what was in the log after `asked` and stored after that.

        A partition without a backlog counts as `asked`, one with a backlog as its last stored
        record. One that stands still while others move is waited for no longer than `PATIENCE`.
        """
        self.backlogs = find_backlogs(bounds, stored)
        self._follow({partition: held.next_offset for partition, held in stored.items()}, asked)
        self._follow_backlogs(asked)
        waited_for = [one for one in self.backlogs if not self._stands_still_alone(one, asked)]
        moments = [one.stored_ts for one in waited_for]
        if None in moments:
            return None
        return min([asked, *(moment for moment in moments if moment is not None)]) - DISORDER

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

    def _stands_still_alone(self, backlog: Backlog, now: datetime) -> bool:
        # Where nothing is stored at all, a backlog waits that would be late afterwards.
        others_move = self.moved_at is not None and now - self.moved_at <= PATIENCE
        return others_move and now - self.behind[backlog.partition][1] > PATIENCE

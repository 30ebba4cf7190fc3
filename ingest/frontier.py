"""Up to when samples may be aggregated: no further than ingest has stored what agents have sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiokafka import TopicPartition
from psycopg import AsyncConnection

from ingest.doctor.progress import Stored, read_bounds, read_progress
from schemas.settings import KafkaSettings

# An agent sends its samples in batches, so that those of one moment arrive over some seconds.
DISORDER: Final = timedelta(seconds=15)
# A partition that stands still for so long holds up nobody else's samples; its own will be late.
PATIENCE: Final = timedelta(minutes=10)


@dataclass(slots=True)
class Frontier:
    """Follows the partitions of the topics; `seen` has where each was, and since when."""

    kafka: KafkaSettings
    seen: dict[TopicPartition, tuple[int, datetime]] = field(default_factory=dict)

    async def find(self, connection: AsyncConnection[Any]) -> datetime | None:
        """The moment before which samples may be aggregated; None where nothing tells.

        Raises KafkaError, TopicError and psycopg's errors.
        """
        topics = (self.kafka.samples_topic, self.kafka.events_topic)
        asked = datetime.now(UTC)
        ends = {p: end for p, (_, end) in (await read_bounds(self.kafka, topics)).items()}
        # After the ends: a partition stored up to its end has all that was there when asked.
        progress = await read_progress(connection)
        return self._of(ends, progress.stored, asked)

    def _of(
        self,
        ends: Mapping[TopicPartition, int],
        stored: Mapping[TopicPartition, Stored],
        asked: datetime,
    ) -> datetime | None:
        moments: list[datetime | None] = []
        for partition, end in ends.items():
            held = stored.get(partition)
            if (held.next_offset if held else 0) >= end:
                moments.append(asked)
            elif not self._stands_still(partition, held, asked):
                moments.append(held.last_ts if held else None)
        if not moments or None in moments:
            return None
        return min(moment for moment in moments if moment is not None) - DISORDER

    def _stands_still(self, partition: TopicPartition, held: Stored | None, now: datetime) -> bool:
        offset = held.next_offset if held else 0
        known = self.seen.get(partition)
        if known is None or known[0] != offset:
            self.seen[partition] = (offset, now)
            return False
        return now - known[1] > PATIENCE

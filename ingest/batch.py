"""The values that stages pass on: fetched records, decoded events, a batch to store."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl
from aiokafka import TopicPartition

from ingest.reading.unreadable import SkippedBatch
from ingest.record import Record
from ingest.records import Records
from ingest.rejection import Origin, Rejection
from ingest.samplecolumns import COLUMNS
from schemas.events import Event

# The columns of decoded samples. `ts` is in microseconds since 1970, `agent` is an `agent_name`,
# `record` the index of the sample's record in the batch, `place` the index in the record's array or
# ALONE.
SAMPLE_SCHEMA: Final = pl.Schema(
    {
        "ts": pl.Int64(),
        "agent": pl.String(),
        **COLUMNS,
        "record": pl.Int32(),
        "place": pl.Int32(),
    }
)
ALONE: Final = -1


def agent_name(user_id: str, agent_id: str) -> str:
    """The unique name of a user's agent; ids contain no slash."""
    return f"{user_id}/{agent_id}"


class AgentKeys(dict[str, int]):
    """Keys by agent name. `server` is the server that assigned them, None before a query."""

    server: str | None = None


@dataclass(frozen=True, slots=True)
class OffsetSpan:
    """The offsets [first, next) of a partition that a batch covers, and the last record in them.

    `last` is None if they hold only control records, which transactions write to the log.
    """

    first: int
    next: int
    last: Record | None


@dataclass(slots=True)
class Fetched:
    """Fetched records, ordered within each partition; `nbytes` is the size of all values."""

    records: dict[TopicPartition, Records] = field(default_factory=dict)
    spans: dict[TopicPartition, OffsetSpan] = field(default_factory=dict)
    count: int = 0
    nbytes: int = 0

    def add(self, partition: TopicPartition, first: int, records: Sequence[Record]) -> None:
        """Adds the next records of a partition; `first` is the expected offset."""
        if not records:
            return
        started = self.spans.get(partition)
        new = Records([records])
        self.records.setdefault(partition, Records()).extend(new)
        self.count += len(new)
        self.nbytes += new.nbytes
        self.spans[partition] = OffsetSpan(
            started.first if started else first,
            records[-1].offset + 1,
            _last_known(records) or (started.last if started else None),
        )

    def add_control_offsets(self, partition: TopicPartition, first: int, end: int) -> None:
        """Covers the partition's next offsets [first, end), which hold no data records."""
        started = self.spans.get(partition)
        self.spans[partition] = (
            OffsetSpan(started.first, end, started.last)
            if started
            else OffsetSpan(first, end, None)
        )

    def in_order(self) -> Records:
        """All records, by partition and offset."""
        return Records(self.records[partition] for partition in sorted(self.records))

    def by_topic(self) -> Counter[str]:
        """The number of records by topic."""
        counts: Counter[str] = Counter()
        for partition, records in self.records.items():
            counts[partition.topic] += len(records)
        return counts


def _last_known(records: Sequence[Record]) -> Record | None:
    """The last record that a later read of its offset returns again."""
    found = (record for record in reversed(records) if not isinstance(record.value, SkippedBatch))
    return next(found, None)


@dataclass(slots=True)
class Decoded:
    """The events of some records, and the rejected ones.

    `samples` has the columns of SAMPLE_SCHEMA; `counts` is the number of records by topic.
    """

    samples: pl.DataFrame = field(default_factory=SAMPLE_SCHEMA.to_frame)
    records: Records = field(default_factory=Records)
    others: list[tuple[Event, Origin]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    spans: dict[TopicPartition, OffsetSpan] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        return self.samples.height + len(self.others) + len(self.rejections)

    def origin(self, record: int, place: int) -> Origin:
        """The origin of the sample with these values in the columns `record` and `place`."""
        return Origin(self.records[record], None if place == ALONE else place)


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows that one transaction writes.

    `samples` has one row a sample, ordered by (agent_key, ts) and deduplicated; `repeats` counts
    the dropped duplicates; `pieces` are the same rows in COPY's binary format.
    `events` maps a group to its events: each event type, and `status_event` and
    `deployment_event` for the timeline. `shard` is a partition of the batch, so that no other
    writer uses it.
    """

    samples: pl.DataFrame
    pieces: list[bytes]
    events: dict[str, list[Any]]
    agent_keys: AgentKeys
    rejections: list[Rejection]
    spans: dict[TopicPartition, OffsetSpan]
    repeats: int
    shard: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """Decoded events and their batch, which is None if one of the events makes building it fail.

    `nbytes` is the size of their messages.
    """

    decoded: Decoded
    batch: Batch | None
    nbytes: int


def by_type(events: list[Event]) -> dict[str, list[Any]]:
    """Groups events by their field `type`."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for event in events:
        groups[str(event.__struct_config__.tag)].append(event)
    return dict(groups)

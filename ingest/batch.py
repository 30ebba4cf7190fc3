"""What passes from stage to stage: records fetched, events decoded, a batch to be stored."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl
from aiokafka import TopicPartition

from ingest.reading.unread import SkippedBatch
from ingest.record import Record
from ingest.records import Records
from ingest.rejection import Origin, Rejection
from ingest.samplecolumns import COLUMNS
from schemas.events import Event

# The columns of decoded samples: `ts` in microseconds since 1970; `agent` by `agent_name`; `record`
# is the place of a sample's record among the batch's, `place` that in the record's array, if any.
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
    """One name for an agent of a user; no id holds a slash."""
    return f"{user_id}/{agent_id}"


class AgentKeys(dict[str, int]):
    """Keys by agent name, and the server that gave them out: None where none was asked."""

    server: str | None = None


@dataclass(frozen=True, slots=True)
class OffsetSpan:
    """The part [first, next) of a partition that a batch covers, and the last record in it.

    There is none where it holds only control records, which transactions leave in the log.
    """

    first: int
    next: int
    last: Record | None


@dataclass(slots=True)
class Fetched:
    """Records that were read, in order within their partition; `nbytes` of values."""

    records: dict[TopicPartition, Records] = field(default_factory=dict)
    spans: dict[TopicPartition, OffsetSpan] = field(default_factory=dict)
    count: int = 0
    nbytes: int = 0

    def add(self, partition: TopicPartition, first: int, records: Sequence[Record]) -> None:
        """Adds the next records of a partition; `first` is the offset expected."""
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
        """Covers offsets [first, end), the next of their partition, that hold no records."""
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
        """How many records came from each topic."""
        counts: Counter[str] = Counter()
        for partition, records in self.records.items():
            counts[partition.topic] += len(records)
        return counts


def _last_known(records: Sequence[Record]) -> Record | None:
    """The last one that is met again when its offset is read again."""
    found = (record for record in reversed(records) if not isinstance(record.value, SkippedBatch))
    return next(found, None)


@dataclass(slots=True)
class Decoded:
    """The events of some records, and what of these cannot be used.

    `samples` has the columns of SAMPLE_SCHEMA; `counts` are the records of each topic.
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
        """Where the sample with these values in its columns `record` and `place` came from."""
        return Origin(self.records[record], None if place == ALONE else place)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction writes.

    `samples` has one row a sample, by (agent_key, ts), without repeats, whose number is `repeats`;
    `pieces` are the same rows as COPY takes them;
    `events` maps the name of a group to its events: each type, and `status_event` and
    `deployment_event`, which the timeline keeps; `shard` is a partition that samples came
    from, and so no other writer's.
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
    """Decoded events, and the batch that they make: None where one of them prevents it.

    `nbytes` is the size of the messages that they were in.
    """

    decoded: Decoded
    batch: Batch | None
    nbytes: int


def by_type(events: list[Event]) -> dict[str, list[Any]]:
    """Groups events by the name in their field `type`."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for event in events:
        groups[str(event.__struct_config__.tag)].append(event)
    return dict(groups)

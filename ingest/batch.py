"""What passes between the steps: where a record came from, what was refused, what is written."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final, Literal

import msgspec
import numpy as np
import polars as pl
from aiokafka import TopicPartition

from ingest.record import Record
from schemas.events import Event, Sample

Agent = tuple[str, str]


class AgentKeys(dict[Agent, int]):
    """The keys of some agents, and the server that gave them out: None where none was asked."""

    server: str | None = None


# The (user, agent) pair of an event that names an agent.
AGENT: Final = attrgetter("user_id", "agent_id")
Reason = Literal["malformed", "invalid", "future", "expired", "too_large", "refused"]


class Origin(msgspec.Struct, gc=False):
    """The record an event came in, and its place there if the record is an array."""

    record: Record
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """An event that cannot be used: the reason is one of a closed set, the detail a sentence."""

    origin: Origin
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Span:
    """The part [first, next) of a partition that a batch covers, and the last record in it.

    There is none where it holds only marks, which transactions leave in the log.
    """

    first: int
    next: int
    last: Record | None


@dataclass(slots=True)
class Intake:
    """Decoded events that wait to be written; grows record by record.

    `origins[i]` is where `samples[i]` came from; `sample_times_us` are their times in microseconds
    since 1970, once they are checked; `records` counts by topic; `nbytes` is the size of
    the records' values; `sample_partitions` are those that samples came from.
    """

    samples: list[Sample] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    others: list[tuple[Event, Origin]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    spans: dict[TopicPartition, Span] = field(default_factory=dict)
    records: Counter[str] = field(default_factory=Counter)
    nbytes: int = 0
    sample_partitions: set[int] = field(default_factory=set)
    sample_times_us: Any = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def rows(self) -> int:
        return len(self.samples) + len(self.others) + len(self.rejections)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction writes.

    `samples` has one row a sample, by (agent_key, ts), without repeats, whose number is `repeats`;
    `pieces` are the same rows as COPY takes them;
    `events` maps an event type's name to the events; `shard` is the lowest partition that samples
    came from, and so no other writer's.
    """

    samples: pl.DataFrame
    pieces: list[bytes]
    events: dict[str, list[Any]]
    agent_keys: AgentKeys
    rejections: list[Rejection]
    spans: dict[TopicPartition, Span]
    repeats: int
    shard: int


def by_type(events: list[Event]) -> dict[str, list[Any]]:
    """Groups events by the name in their field `type`."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for event in events:
        groups[str(event.__struct_config__.tag)].append(event)
    return dict(groups)

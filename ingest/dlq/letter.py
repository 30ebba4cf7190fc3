"""A dead letter as it lies in its topic: the original record, where it was, and why it is here."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Self

import msgspec
from aiokafka import ConsumerRecord

from ingest import indexes
from ingest.record import broker_time

# The first of the headers that ingest adds behind the original ones.
FIRST_ADDED: Final = "__connect.errors.topic"
REPLAYS: Final = "fleetgauge.replays"
REPLAY_OF: Final = "fleetgauge.replay.of"

Header = tuple[str, bytes | None]


class Place(msgspec.Struct, frozen=True):
    """Where an event was: what tells dead letters apart. `index` is its place in an array."""

    topic: str
    partition: int
    offset: int
    index: int | None = None

    def __str__(self) -> str:
        parts = [self.topic, self.partition, self.offset, self.index]
        return "/".join(str(part) for part in parts if part is not None)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The place that `str` wrote; ValueError, a sentence, for anything else."""
        match = re.fullmatch(r"([A-Za-z0-9._-]+)/(\d{1,9})/(\d{1,18})(?:/(\d{1,9}))?", text)
        if match is None:
            raise ValueError(
                f"{text!r} is no TOPIC/PARTITION/OFFSET or TOPIC/PARTITION/OFFSET/INDEX"
            )
        topic, partition, offset, index = match.groups()
        return cls(topic, int(partition), int(offset), None if index is None else int(index))


class Letter(msgspec.Struct, frozen=True):
    """One event: a record of the dead letters has several where an array's were rejected together.

    `partition`, `offset` and `at` (the broker's time) are the record's; `headers` the original's.
    Where it `is_whole`, key, value and headers are those of the original, and not cut.
    """

    partition: int
    offset: int
    at: datetime
    place: Place
    reason: str
    detail: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[Header]
    is_whole: bool = True

    @property
    def replays(self) -> int:
        """How many times what is in here has been replayed, to be refused again."""
        count = dict(self.headers).get(REPLAYS) or b""
        return int(count) if re.fullmatch(rb"\d{1,9}", count) else 0


def letters_of(record: "ConsumerRecord[bytes | None, bytes | None]") -> list[Letter]:
    """The dead letters in a record, one an event; none where ingest did not write it.

    The last block of added headers counts: an original may bring headers of the same names.
    """
    names = [name for name, _ in record.headers]
    if FIRST_ADDED not in names:
        return []
    begin = len(names) - 1 - names[::-1].index(FIRST_ADDED)
    added = {
        name: (value or b"").decode("utf-8", "replace") for name, value in record.headers[begin:]
    }
    try:
        places = _places(added)
        reason, detail = added["fleetgauge.reason"], added["__connect.errors.exception.message"]
    except (KeyError, ValueError):
        return []
    return [
        Letter(
            partition=record.partition,
            offset=record.offset,
            at=broker_time(record.timestamp),
            place=place,
            reason=reason,
            detail=detail,
            key=record.key,
            value=record.value,
            headers=record.headers[:begin],
            is_whole="fleetgauge.incomplete" not in added,
        )
        for place in places
    ]


def _places(added: Mapping[str, str]) -> list[Place]:
    """Raises KeyError or ValueError where the headers do not say them."""
    topic = added[FIRST_ADDED]
    partition = int(added["__connect.errors.partition"])
    offset = int(added["__connect.errors.offset"])
    if (text := added.get("fleetgauge.index")) is None:
        return [Place(topic, partition, offset)]
    return [Place(topic, partition, offset, index) for index in indexes.parsed(text)]

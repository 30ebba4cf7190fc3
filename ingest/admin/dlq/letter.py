"""A dead letter: the original record, its position, why it was rejected, and the event in it."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final, Self

import msgspec
from aiokafka import ConsumerRecord

from ingest.decoding import indexranges
from ingest.decoding.arrays import UNUSABLE, Parts, split_json, split_msgpack
from ingest.decoding.message import is_msgpack
from ingest.record import broker_time

# The first of the headers that ingest adds after the original ones.
FIRST_ADDED: Final = "__connect.errors.topic"
REPLAYS: Final = "fleetgauge.replays"
REPLAY_OF: Final = "fleetgauge.replay.of"

Header = tuple[str, bytes | None]


class SourceRef(msgspec.Struct, frozen=True):
    """The position of an event, which identifies its dead letter; `index` is that in an array."""

    topic: str
    partition: int
    offset: int
    index: int | None = None

    def __str__(self) -> str:
        parts = [self.topic, self.partition, self.offset, self.index]
        return "/".join(str(part) for part in parts if part is not None)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parses the result of `str`; raises ValueError with a sentence."""
        match = re.fullmatch(r"([A-Za-z0-9._-]+)/(\d{1,9})/(\d{1,18})(?:/(\d{1,9}))?", text)
        if match is None:
            raise ValueError(
                f"{text!r} is not TOPIC/PARTITION/OFFSET or TOPIC/PARTITION/OFFSET/INDEX"
            )
        topic, partition, offset, index = match.groups()
        return cls(topic, int(partition), int(offset), None if index is None else int(index))


class Letter(msgspec.Struct, frozen=True):
    """One rejected event. A record has several if events of one array were rejected together.

    `partition`, `offset` and `at` (the broker time) are those of the dead-letter record; `headers`
    are the original's. If `is_whole`, the original's key, value and headers are complete.
    """

    partition: int
    offset: int
    at: datetime
    place: SourceRef
    reason: str
    detail: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[Header]
    is_whole: bool = True

    @property
    def replays(self) -> int:
        """How many times the event was replayed before this rejection."""
        count = dict(self.headers).get(REPLAYS) or b""
        return int(count) if re.fullmatch(rb"\d{1,9}", count) else 0


def letters_of(record: "ConsumerRecord[bytes | None, bytes | None]") -> list[Letter]:
    """The dead letters in a record, one per event; empty if ingest did not write the record.

    Uses the last block of added headers, as the original may have headers of the same names.
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


def _places(added: Mapping[str, str]) -> list[SourceRef]:
    """The positions in the headers; raises KeyError or ValueError if missing or malformed."""
    topic = added[FIRST_ADDED]
    partition = int(added["__connect.errors.partition"])
    offset = int(added["__connect.errors.offset"])
    if (text := added.get("fleetgauge.index")) is None:
        return [SourceRef(topic, partition, offset)]
    return [SourceRef(topic, partition, offset, index) for index in indexranges.parse(text)]


class NotThereError(ValueError):
    """A dead letter whose event cannot be found in its message."""


def event_of(letter: Letter) -> bytes | None:
    """The bytes of the rejected event: one element of an array, or the whole value.

    Raises NotThereError.
    """
    index = letter.place.index
    if index is None:
        return letter.value
    try:
        return bytes(_split(letter.value or b"", is_packed=is_msgpack(letter.headers))[index])
    except (*UNUSABLE, IndexError) as error:
        raise NotThereError(f"its message has no event {index}: {error}") from error


# Called for each event of the same array in turn.
@lru_cache(maxsize=1)
def _split(value: bytes, *, is_packed: bool) -> Parts:
    return split_msgpack(value) if is_packed else split_json(value)


def headers_of(letter: Letter) -> list[Header]:
    """The original's headers, plus the number of replays and the position of the original."""
    own = [(name, value) for name, value in letter.headers if name not in (REPLAYS, REPLAY_OF)]
    added = {REPLAYS: str(letter.replays + 1), REPLAY_OF: str(letter.place)}
    return own + [(name, value.encode()) for name, value in added.items()]

"""A record as it was read from Kafka: only the fields of the client's record that are used here."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MS: Final = round(datetime.min.replace(tzinfo=UTC).timestamp() * 1000)
# A day before the last one: limits are added to it.
LAST_MS: Final = round(datetime(9999, 12, 31, tzinfo=UTC).timestamp() * 1000)


class Record(msgspec.Struct, gc=False):
    """`timestamp` is the broker's, in milliseconds since 1970.

    A Struct that the garbage collector passes over: a backlog makes hundreds of thousands a second.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


def representable_ms(timestamp_ms: int) -> int:
    """The timestamp, limited to the years 1 to 9999.

    A record's timestamp is any 64-bit number where its topic once had CreateTime; neither Python
    nor PostgreSQL represents all of them.
    """
    return min(max(timestamp_ms, FIRST_MS), LAST_MS)


def broker_time(timestamp_ms: int) -> datetime:
    """The timestamp as a time in UTC, limited to the years 1 to 9999."""
    return datetime.fromtimestamp(representable_ms(timestamp_ms) / 1000, UTC)


def representable_us(us: int) -> datetime:
    """A time in microseconds since 1970 as a time in UTC, limited to the years 1 to 9999."""
    return _EPOCH + timedelta(microseconds=min(max(us, FIRST_MS * 1000), LAST_MS * 1000))

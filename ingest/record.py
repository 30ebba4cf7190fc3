"""A Kafka record, with only the fields that ingest uses."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MS: Final = round(datetime.min.replace(tzinfo=UTC).timestamp() * 1000)
# A day before Python's last date: limits are added to it.
LAST_MS: Final = round(datetime(9999, 12, 31, tzinfo=UTC).timestamp() * 1000)


class Record(msgspec.Struct, gc=False):
    """`timestamp` is the broker time, in milliseconds since 1970.

    Not tracked by the garbage collector: a backlog creates hundreds of thousands a second.
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

    In a topic that once had CreateTime, a record's timestamp is any 64-bit number, which neither
    Python nor PostgreSQL can always represent.
    """
    return min(max(timestamp_ms, FIRST_MS), LAST_MS)


def broker_time(timestamp_ms: int) -> datetime:
    """The timestamp as a time in UTC, limited to the years 1 to 9999."""
    return datetime.fromtimestamp(representable_ms(timestamp_ms) / 1000, UTC)


def representable_us(us: int) -> datetime:
    """A time in microseconds since 1970 as a time in UTC, limited to the years 1 to 9999."""
    return _EPOCH + timedelta(microseconds=min(max(us, FIRST_MS * 1000), LAST_MS * 1000))

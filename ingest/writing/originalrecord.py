"""The parts of the original record in its dead letter: all of it, if it fits.

A source topic accepts compressed records that are far larger uncompressed. If a dead letter had to
hold all of such a record, it could never be sent, and ingest would stall permanently.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ingest.reading.unreadable import UnreadableBatch
from ingest.record import Record

# The maximum overhead of a header, besides its name and content.
HEADER_BYTES = 10


class Original(NamedTuple):
    """Parts of a record; `missing` is a sentence if they are incomplete."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    missing: str | None = None


def original_of(record: Record, max_bytes: int) -> Original:
    """The record's parts within `max_bytes`, each truncated to its share if needed."""
    if isinstance(record.value, UnreadableBatch):
        value = record.value[:max_bytes]
        return Original(None, value, (), "a record batch, as stored by the broker")
    headers_size = sum(map(_header_size, record.headers))
    size = len(record.key or b"") + len(record.value or b"") + headers_size
    if size <= max_bytes:
        return Original(record.key, record.value, record.headers)
    share = max_bytes // 4
    return Original(
        record.key and record.key[:share],
        record.value and record.value[: 2 * share],
        record.headers if headers_size <= share else (),
        f"truncated from {size} bytes of key, value and headers",
    )


def _header_size(header: tuple[str, bytes | None]) -> int:
    name, content = header
    return len(name.encode()) + len(content or b"") + HEADER_BYTES

"""What a dead letter carries of the original record: all of it, wherever it fits.

A source takes compressed records that are far longer than itself takes them plain. Were the whole
of such a one demanded, it could never be told, and ingest would stand still for good.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ingest.reading.unreadable import UnreadableBatch
from ingest.record import Record

# The length of a header beside its name and content, at most.
HEADER_BYTES = 10


class Original(NamedTuple):
    """Parts of a record; `missing` is a sentence where they are not the whole of it."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    missing: str | None = None


def original_of(record: Record, max_bytes: int) -> Original:
    """The record's parts within `max_bytes`, each cut to its share where they are more."""
    if isinstance(record.value, UnreadableBatch):
        value = record.value[:max_bytes]
        return Original(None, value, (), "a batch of records, as the broker has it")
    headers_size = sum(map(_header_size, record.headers))
    size = len(record.key or b"") + len(record.value or b"") + headers_size
    if size <= max_bytes:
        return Original(record.key, record.value, record.headers)
    share = max_bytes // 4
    return Original(
        record.key and record.key[:share],
        record.value and record.value[: 2 * share],
        record.headers if headers_size <= share else (),
        f"cut from {size} bytes of key, value and headers",
    )


def _header_size(header: tuple[str, bytes | None]) -> int:
    name, content = header
    return len(name.encode()) + len(content or b"") + HEADER_BYTES

"""Record batches that are not read, and the placeholder record for each."""

from dataclasses import dataclass, field
from typing import Self

from ingest.rejection import Reason


class UnreadableBatch(bytes):
    """The bytes of an unread record batch, the value of its placeholder.

    `reason` and `detail` are those of its dead letter.
    """

    reason: Reason
    detail: str

    def __new__(cls, batch: bytes | memoryview, reason: Reason, detail: str) -> Self:
        made = super().__new__(cls, batch)
        made.reason = reason
        made.detail = detail
        return made


class SkippedBatch(UnreadableBatch):
    """An unreadable batch that ingest skips with --skip-unreadable."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """The record that replaces a batch, at the batch's last offset."""

    offset: int
    timestamp: int
    value: UnreadableBatch
    headers: tuple[tuple[str, bytes], ...]
    key: None = None


@dataclass(frozen=True, slots=True)
class Damage:
    """A batch that is unreadable from `offset` on.

    `next` is the offset after it, None if its end is unknown; `problem` is a sentence; `place` is
    its index among the batches of the fetch.
    """

    offset: int
    next: int | None
    problem: str
    batch: bytes
    place: int = field(compare=False)


def too_large(
    batch: memoryview, offset: int, timestamp: int, first: int, max_bytes: int
) -> Placeholder:
    """The placeholder of a batch that is larger than `max_bytes` when decompressed."""
    detail = f"a batch of more than {max_bytes} bytes when decompressed; the value is the batch"
    return _placeholder(offset, timestamp, UnreadableBatch(batch, "too_large", detail), first)


def skipped(damage: Damage, next_offset: int) -> Placeholder:
    """The placeholder of the damage before `next_offset`."""
    last = next_offset - 1
    detail = (
        f"offsets {damage.offset} to {last} cannot be read: {damage.problem}; the value is their "
        "batch"
    )
    return _placeholder(last, 0, SkippedBatch(damage.batch, "malformed", detail), damage.offset)


def _placeholder(offset: int, timestamp: int, value: UnreadableBatch, first: int) -> Placeholder:
    # The header keeps it off the column path.
    return Placeholder(offset, timestamp, value, (("fleetgauge.batch", b"%d" % first),))

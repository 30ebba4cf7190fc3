"""Batches that are not read: their bytes, why, and the record that stands for each."""

from dataclasses import dataclass, field
from typing import Self

from ingest.rejection import Reason


class UnreadableBatch(bytes):
    """A batch as the broker has it, the value of the record that stands for it.

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
    """One that cannot be read and that the operator has let ingest pass over."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """The record that stands for a batch, at its last offset."""

    offset: int
    timestamp: int
    value: UnreadableBatch
    headers: tuple[tuple[str, bytes], ...]
    key: None = None


@dataclass(frozen=True, slots=True)
class Damage:
    """A batch that cannot be read from `offset` on.

    `next` is the offset behind it, None where nothing says where it ends; `problem` is a sentence;
    `place` is that of the batch among those that were fetched with it.
    """

    offset: int
    next: int | None
    problem: str
    batch: bytes
    place: int = field(compare=False)


def too_large(
    batch: memoryview, offset: int, timestamp: int, first: int, max_bytes: int
) -> Placeholder:
    """Stands for a batch that would inflate to more than `max_bytes`."""
    detail = f"a batch of more than {max_bytes} bytes when inflated; the value is all of it"
    return _stand(offset, timestamp, UnreadableBatch(batch, "too_large", detail), first)


def skipped(damage: Damage, behind: int) -> Placeholder:
    """Stands for what cannot be read before the offset `behind`."""
    last = behind - 1
    detail = (
        f"offsets {damage.offset} to {last} cannot be read: {damage.problem}; the value is their "
        "batch"
    )
    return _stand(last, 0, SkippedBatch(damage.batch, "malformed", detail), damage.offset)


def _stand(offset: int, timestamp: int, value: UnreadableBatch, first: int) -> Placeholder:
    # With a header it is not taken for a plain sample.
    return Placeholder(offset, timestamp, value, (("fleetgauge.batch", b"%d" % first),))

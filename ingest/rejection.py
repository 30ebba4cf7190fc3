"""A rejected event: its origin and the reason."""

from dataclasses import dataclass
from typing import Literal

import msgspec

from ingest.record import Record

Reason = Literal["malformed", "invalid", "future", "expired", "too_large", "refused"]


class Origin(msgspec.Struct, gc=False):
    """An event's record, and its index if the record is an array."""

    record: Record
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A rejected event; `detail` is a sentence."""

    origin: Origin
    reason: Reason
    detail: str

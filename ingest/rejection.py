"""Why an event cannot be used, and where it came from."""

from dataclasses import dataclass
from typing import Literal

import msgspec

from ingest.record import Record

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

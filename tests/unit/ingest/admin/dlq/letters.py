"""Dead letters as they are read."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ingest.admin.dlq.letter import Header, Letter, SourceRef
from tests.unit.ingest.records import NOON


def letter(
    value: bytes | None = b"{}",
    *,
    place: str = "fleet.samples/0/0",
    own: int = 0,
    at: datetime = NOON,
    reason: str = "invalid",
    detail: str = "why",
    key: bytes | None = b"a1",
    headers: Iterable[Header] = (),
) -> Letter:
    """One; `place` is the original's and `own` its own offset."""
    return Letter(0, own, at, SourceRef.parse(place), reason, detail, key, value, tuple(headers))


PACKED: tuple[Any, ...] = (("content-type", b"application/msgpack"),)

"""Which dead letters a command is about."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from ingest.admin.dlq.letter import Letter

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Filter(msgspec.Struct, frozen=True):
    """Those refused in [since, until), for one of these reasons, in this place; None for any.

    `topic` and `partition` are the original's.
    """

    reasons: Sequence[str] = ()
    topic: str | None = None
    partition: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    def fits(self, letter: Letter) -> bool:
        """Whether a dead letter, read from within the times, is one of them."""
        return (
            (not self.reasons or letter.reason in self.reasons)
            and self.topic in (None, letter.place.topic)
            and self.partition in (None, letter.place.partition)
        )


def moment(option: str, text: str | None, now: datetime) -> datetime | None:
    """A time such as `2026-03-01T12:00:00Z`, or one so long ago as `90s`, `15m`, `2h` or `7d` say.

    Raises ValueError, a sentence that names the option.
    """
    if text is None:
        return None
    if span := re.fullmatch(r"(\d{1,6})([smhd])", text):
        return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise ValueError(
            f"{option} takes a time with an offset, such as 2026-03-01T12:00:00Z, or how long ago "
            f"it was: 90s, 15m, 2h, 7d; not {text!r}"
        )
    return parsed.astimezone(UTC)

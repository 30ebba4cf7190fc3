"""The filter that selects dead letters for a command."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from ingest.admin.dlq.letter import Letter

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Filter(msgspec.Struct, frozen=True):
    """Selects by time of rejection in [since, until), reason and origin; None selects all.

    `topic` and `partition` are the original's.
    """

    reasons: Sequence[str] = ()
    topic: str | None = None
    partition: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    def fits(self, letter: Letter) -> bool:
        """Whether a dead letter is selected, apart from its time, which the reader limits."""
        return (
            (not self.reasons or letter.reason in self.reasons)
            and self.topic in (None, letter.place.topic)
            and self.partition in (None, letter.place.partition)
        )


def moment(option: str, text: str | None, now: datetime) -> datetime | None:
    """Parses a time such as `2026-03-01T12:00:00Z`, or a span ago: `90s`, `15m`, `2h`, `7d`.

    Raises ValueError with a sentence that names the option.
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
            f"{option} takes a time with a UTC offset, such as 2026-03-01T12:00:00Z, or a time "
            f"ago: 90s, 15m, 2h, 7d; not {text!r}"
        )
    return parsed.astimezone(UTC)

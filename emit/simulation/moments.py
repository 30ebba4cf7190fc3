"""Time in the simulated fleet: whole microseconds since 1970, UTC, and spans such as `30d`.

A window is half-open: `begin <= at < end`.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = 24 * HOUR_US

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_UNITS_US: Final = {"s": SECOND_US, "m": MINUTE_US, "h": HOUR_US, "d": DAY_US}


def time_of(at_us: int) -> datetime:
    """The same time as a datetime, for events."""
    return _EPOCH + timedelta(microseconds=at_us)


def micros(time: datetime) -> int:
    """Microseconds since 1970; `time` has an offset."""
    return (time - _EPOCH) // _MICROSECOND


def span_us(text: str) -> int:
    """The microseconds in `0s`, `90s`, `15m`, `12h` or `30d`; ValueError for anything else."""
    match = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if match is None:
        raise ValueError(f"takes a number and s, m, h or d, as in 15m, not {text!r}")
    return int(match[1]) * _UNITS_US[match[2]]


def days(begin_us: int, end_us: int) -> range:
    """The UTC days that a window touches, as days since 1970."""
    return range(begin_us // DAY_US, -(-end_us // DAY_US))


def day_name(day: int) -> str:
    """`20260301`, for ids."""
    return f"{time_of(day * DAY_US):%Y%m%d}"

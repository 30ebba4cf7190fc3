"""The boundaries of a span's steps on the local clock of a time zone.

A step of 1h, 6h or 1d begins when the local clock reaches, or skips over, a multiple of it counted
from midnight. A day of 23 or 25 hours therefore has four steps of 6h, one of them an hour shorter
or longer; a day without 00:00 begins with its first instant. An hour that the clock shows twice is
two steps of 1h; steps of 6h and 1d begin at the first of the two. Steps of 5m and 15m begin as in
UTC, since every zone's offset has been a multiple of 15 minutes since 1972.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from schemas.history import Step

WIDTHS: Final[dict[Step, timedelta]] = {
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "1d": timedelta(days=1),
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR: Final = timedelta(hours=1)
_SECOND: Final = timedelta(seconds=1)
# Longer than any zone's clock has ever jumped.
_LONGEST_JUMP: Final = timedelta(days=2)


def edges_of(start: datetime, stop: datetime, step: Step, zone: ZoneInfo) -> list[datetime]:
    """The fewest step boundaries, in UTC, that enclose [start, stop); at least two."""
    width = WIDTHS[step]
    find = _absolute if width < _HOUR else _local
    found = sorted(set(find(start, stop, width, zone)))
    first = max(edge for edge in found if edge <= start)
    last = min(edge for edge in found if edge >= stop)
    return [edge for edge in found if first <= edge <= last]


def _absolute(start: datetime, stop: datetime, width: timedelta, _: ZoneInfo) -> Iterator[datetime]:
    edge = _EPOCH + (start - _EPOCH) // width * width
    while edge < stop:
        yield edge
        edge += width
    yield edge


def _local(start: datetime, stop: datetime, width: timedelta, zone: ZoneInfo) -> Iterator[datetime]:
    clock = start.astimezone(zone).replace(tzinfo=None, fold=0) - _LONGEST_JUMP
    clock = clock.replace(hour=0, minute=0, second=0, microsecond=0)
    edge = start
    while edge < stop:
        edge = _reached(clock, zone)
        yield edge
        if width == _HOUR:
            yield _reached(clock.replace(fold=1), zone)
        clock += width


def _reached(clock: datetime, zone: ZoneInfo) -> datetime:
    """When the local clock shows `clock` (the second time with `fold`), or skips over it."""
    found = clock.replace(tzinfo=zone).astimezone(UTC)
    if _read(found, zone) == clock.replace(fold=0):
        return found
    return _skipped(clock.replace(fold=0), zone)


def _skipped(clock: datetime, zone: ZoneInfo) -> datetime:
    """The instant, to the second, at which the local clock skips a time that it never shows."""
    before = clock.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = clock.replace(tzinfo=zone, fold=0).astimezone(UTC)
    while after - before > _SECOND:
        middle = before + (after - before) // (2 * _SECOND) * _SECOND
        before, after = (middle, after) if _read(middle, zone) < clock else (before, middle)
    return after


def _read(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)

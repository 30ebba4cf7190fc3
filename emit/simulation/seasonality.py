"""Activity by local hour, weekday and season."""

import random
from bisect import bisect
from functools import cache
from itertools import accumulate
from math import pi, sin
from typing import Final

from emit.simulation.moments import DAY_US, HOUR_US

# Activity per hour, from midnight; 1 is the peak.
_WEEKDAY: Final = (
    0.14, 0.10, 0.08, 0.07, 0.08, 0.12, 0.22, 0.40, 0.62, 0.82, 0.93, 0.97,
    0.84, 0.88, 0.98, 1.00, 0.95, 0.86, 0.74, 0.70, 0.68, 0.56, 0.38, 0.23,
)  # fmt: skip
_WEEKEND: Final = (
    0.20, 0.15, 0.11, 0.08, 0.07, 0.08, 0.10, 0.15, 0.24, 0.34, 0.42, 0.47,
    0.49, 0.50, 0.50, 0.48, 0.47, 0.49, 0.54, 0.60, 0.61, 0.52, 0.40, 0.29,
)  # fmt: skip
# 1970 began on a Thursday.
_WEEK: Final = tuple(
    point for day in range(3, 10) for point in (_WEEKEND if day % 7 > 4 else _WEEKDAY)
)
_FIRST_DAY: Final = 20_454  # 2026-01-01
_MONTH_DAYS: Final = 30.4


def busy(at_us: int, offset_us: int) -> float:
    """Activity from 0 to 1 at a UTC offset of `offset_us`; interpolated between the hours."""
    hour, past_us = divmod(at_us + offset_us, HOUR_US)
    earlier, later = _WEEK[hour % 168], _WEEK[(hour + 1) % 168]
    return earlier + (later - earlier) * past_us / HOUR_US


def season(day: int, phase: float) -> float:
    """Seasonal factor, about 1: slow growth, and waves of months that start at `phase` (0 to 1)."""
    growth = 1 + 0.03 * (day - _FIRST_DAY) / _MONTH_DAYS
    return max(0.2, growth) * (1 + 0.22 * sin(2 * pi * (day / 290 + phase)))


def weekday(day: int, offset_us: int) -> float:
    """Activity of a whole UTC day, on average about 1."""
    return sum(_hours(day % 7, offset_us)) / 24 / 0.47


def moment(rng: random.Random, day: int, offset_us: int) -> int:
    """A random time of a UTC day, in whole milliseconds, weighted by activity."""
    hours = _sums(day % 7, offset_us)
    hour = bisect(hours, rng.random() * hours[-1])
    return day * DAY_US + hour * HOUR_US + int(rng.random() * 3_600_000) * 1_000


@cache
def _hours(day: int, offset_us: int) -> tuple[float, ...]:
    return tuple(busy(day * DAY_US + hour * HOUR_US, offset_us) for hour in range(24))


@cache
def _sums(day: int, offset_us: int) -> tuple[float, ...]:
    return tuple(accumulate(_hours(day, offset_us)))

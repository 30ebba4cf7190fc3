"""Windows at their edges, and the arithmetic of points."""

from datetime import UTC, datetime, timedelta

import pytest

from query.historical import Sums, averages_of, points_of, window_of
from schemas.responses import Averages, Range

HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


# range, now, start, stop
WINDOWS: list[tuple[Range, str, str, str]] = [
    ("24h", "2026-03-10T14:35Z", "2026-03-09T15:00Z", "2026-03-10T15:00Z"),
    ("24h", "2026-03-10T14:00Z", "2026-03-09T15:00Z", "2026-03-10T15:00Z"),
    ("24h", "2026-03-10T14:59:59.999999Z", "2026-03-09T15:00Z", "2026-03-10T15:00Z"),
    ("24h", "2026-03-10T00:00Z", "2026-03-09T01:00Z", "2026-03-10T01:00Z"),
    ("7d", "2026-03-10T14:35Z", "2026-03-03T18:00Z", "2026-03-10T18:00Z"),
    ("7d", "2026-03-10T12:00Z", "2026-03-03T18:00Z", "2026-03-10T18:00Z"),
    ("7d", "2026-03-10T11:59:59.999999Z", "2026-03-03T12:00Z", "2026-03-10T12:00Z"),
    ("7d", "2026-01-01T00:00Z", "2025-12-25T06:00Z", "2026-01-01T06:00Z"),
    ("30d", "2026-03-10T14:35Z", "2026-02-09T00:00Z", "2026-03-11T00:00Z"),
    ("30d", "2024-03-01T00:00Z", "2024-02-01T00:00Z", "2024-03-02T00:00Z"),
    ("30d", "2025-12-31T23:59:59.999999Z", "2025-12-02T00:00Z", "2026-01-01T00:00Z"),
]
POINTS = {"24h": 24, "7d": 28, "30d": 30}


@pytest.mark.parametrize(("time_range", "now", "start", "stop"), WINDOWS)
def test_windows(time_range: Range, now: str, start: str, stop: str) -> None:
    window = window_of(time_range, at(now))
    assert (window.start, window.stop) == (at(start), at(stop))
    assert (window.stop - window.start) / window.width == POINTS[time_range]


@pytest.mark.parametrize(
    ("time_range", "name"),
    [("24h", "historical_hours"), ("7d", "historical_hours"), ("30d", "historical_days")],
)
def test_the_aggregate_follows_the_range(time_range: Range, name: str) -> None:
    assert window_of(time_range, at("2026-03-10T14:35Z")).query == name


def sums(samples: int, cpu: float, memory: float, messages: int, errors: int) -> Sums:
    at = datetime(2026, 3, 10, tzinfo=UTC)
    return Sums(at, samples, cpu, samples, memory, messages, errors)


def test_no_rows_give_zeros() -> None:
    assert points_of([]) == []
    assert averages_of([]) == Averages(cpu=0.0, memory=0.0, messages=0.0, errors=0.0)


def test_averages_weigh_samples_and_points() -> None:
    rows = [sums(3, 30, 60, 3, 1), sums(1, 50, 0, 7, 1)]
    assert averages_of(rows) == Averages(cpu=20.0, memory=15.0, messages=5.0, errors=1.0)
    assert [(point.cpu, point.memory) for point in points_of(rows)] == [(10, 20), (50, 0)]


def test_means_are_over_the_samples_that_have_the_figure() -> None:
    at = datetime(2026, 3, 10, tzinfo=UTC)
    rows = [Sums(at, 2, 30, 0, 0, 1, 1), Sums(at, 1, 60, 4, 100, 1, 1)]
    assert [(point.cpu, point.memory) for point in points_of(rows)] == [(15, 0), (60, 25)]
    assert averages_of(rows) == Averages(cpu=30.0, memory=25.0, messages=1.0, errors=1.0)


def test_two_decimals() -> None:
    (point,) = points_of([sums(3, 1, 2, 1, 1)])
    assert (point.cpu, point.memory) == (0.33, 0.67)

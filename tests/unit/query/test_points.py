"""The arithmetic of points."""

from datetime import UTC, datetime
from typing import Any

from query.points import PointSums, averages_of, points_of
from schemas.history import Averages

AT = datetime(2026, 3, 10, tzinfo=UTC)
NOTHING: dict[str, Any] = {
    "timestamp": AT,
    "cpu_samples": 0,
    "cpu_sum": 0.0,
    "cpu_max": None,
    "memory_samples": 0,
    "memory_sum": 0.0,
    "memory_max": None,
    "messages": 0,
    "errors": 0,
    "response_ms_sum": 0.0,
    "response_messages": 0,
    "agents": 1,
}


def sums(**figures: Any) -> PointSums:
    return PointSums(**{**NOTHING, **figures})


def test_no_rows_give_zeros() -> None:
    assert points_of([]) == []
    assert averages_of([]) == Averages(cpu=0.0, memory=0.0, messages=0.0, errors=0.0)


def test_averages_weigh_samples_and_points() -> None:
    rows = [
        sums(cpu_samples=3, cpu_sum=30, memory_samples=3, memory_sum=60, messages=3, errors=1),
        sums(cpu_samples=1, cpu_sum=50, memory_samples=1, memory_sum=0, messages=7, errors=1),
    ]
    assert averages_of(rows) == Averages(cpu=20.0, memory=15.0, messages=5.0, errors=1.0)
    assert [(point.cpu, point.memory) for point in points_of(rows)] == [(10, 20), (50, 0)]


def test_means_are_over_the_samples_that_have_the_figure() -> None:
    rows = [
        sums(cpu_samples=2, cpu_sum=30),
        sums(cpu_samples=1, cpu_sum=60, memory_samples=4, memory_sum=100),
    ]
    assert [(point.cpu, point.memory) for point in points_of(rows)] == [(15, 0), (60, 25)]
    averages = averages_of(rows)
    assert (averages.cpu, averages.memory) == (30.0, 25.0)


def test_two_decimals() -> None:
    row = sums(
        cpu_samples=3, cpu_sum=1, cpu_max=12.300000190734863,
        messages=3, errors=1, response_ms_sum=2, response_messages=3,
    )  # fmt: skip
    (point,) = points_of([row])
    assert (point.cpu, point.cpu_max, point.error_rate, point.response_time) == (
        *(0.33, 12.3, 33.33, 0.67),
    )


def test_figures_that_no_sample_has_are_zero() -> None:
    (point,) = points_of([sums()])
    assert (point.cpu_max, point.memory_max, point.response_time, point.error_rate) == (0, 0, 0, 0)
    (errors_only,) = points_of([sums(errors=1)])
    assert errors_only.error_rate == 100.0

"""Rates, and the status where nothing is fresh."""

from datetime import UTC, datetime, timedelta

import pytest

from query.performance import Recent, performance_of
from query.rounding import error_rate

NOW = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("errors", "messages", "rate"),
    [
        (0, 0, 0.0),
        (0, 9, 0.0),
        (1, 8, 12.5),
        (1, 3, 33.33),
        (1, 1_000_000, 0.0),
        (9, 9, 100.0),
        (10, 9, 100.0),
        (1, 0, 100.0),
    ],
)
def test_error_rate(errors: int, messages: int, rate: float) -> None:
    assert error_rate(errors, messages) == rate


@pytest.mark.parametrize(
    ("age", "status"),
    [
        (timedelta(minutes=-5), "ok"),
        (timedelta(0), "ok"),
        (timedelta(minutes=5) - MICROSECOND, "ok"),
        (timedelta(minutes=5), "stale"),
        (timedelta(days=9), "stale"),
    ],
)
def test_freshness(age: timedelta, status: str) -> None:
    recent = Recent(NOW - age, 1.0, 2.0, 4, 1, 40.0, 4)
    answer = performance_of(recent, NOW)
    assert (answer.status, answer.as_of) == (status, NOW - age)
    figures = (answer.cpu, answer.memory, answer.error_rate, answer.response_time)
    assert figures == ((1.0, 2.0, 25.0, 10.0) if status == "ok" else (0.0, 0.0, 0.0, 0.0))


def test_no_sample_at_all() -> None:
    answer = performance_of(Recent(None, None, None, 0, 0, 0.0, 0), NOW)
    assert (answer.status, answer.as_of) == ("no_data", datetime(1970, 1, 1, tzinfo=UTC))

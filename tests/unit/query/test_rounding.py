"""Percents as text: a sign where they compare, one decimal, never a negative nothing."""

import msgspec
import pytest

from query.rounding import change, mean, rounded, share


@pytest.mark.parametrize(
    ("now", "base", "text"),
    [
        (9, 8, "+12.5%"),
        (97, 100, "-3.0%"),
        (8, 8, "+0.0%"),
        (0, 8, "-100.0%"),
        (-2, 8, "-125.0%"),
        (8, 0, "+0.0%"),
        (0, 0, "+0.0%"),
        (8, -4, "+0.0%"),
        (-8, -4, "+0.0%"),
        (999_999, 1_000_000, "+0.0%"),
        (1_000_001, 1_000_000, "+0.0%"),
        (2_005, 2_000, "+0.2%"),
        (2_007, 2_000, "+0.4%"),
        (1_993, 2_000, "-0.4%"),
        (1_999, 2_000, "+0.0%"),
        (1_000, 1, "+99900.0%"),
        (3 * 10**40, 2 * 10**40, "+50.0%"),
    ],
)
def test_change(now: int, base: int, text: str) -> None:
    assert change(now, base) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (5, 8, "62.5%"),
        (0, 8, "0.0%"),
        (8, 8, "100.0%"),
        (0, 0, "0.0%"),
        (1, 3, "33.3%"),
        (2, 3, "66.7%"),
        (1_999, 2_000, "100.0%"),
    ],
)
def test_share(part: int, whole: int, text: str) -> None:
    assert share(part, whole) == text


@pytest.mark.parametrize(
    ("total", "count", "figure"), [(0.0, 0, 0.0), (1.0, 3, 0.33), (10.0, 4, 2.5)]
)
def test_mean(total: float, count: int, figure: float) -> None:
    assert mean(total, count) == figure


@pytest.mark.parametrize(
    "nothing", [rounded(-0.0), rounded(-0.004), mean(-0.0, 3), mean(-0.001, 1)]
)
def test_no_zero_is_negative(nothing: float) -> None:
    assert msgspec.json.encode(nothing) == b"0.0"

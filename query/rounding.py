"""Figures as the contract wants them: two decimals, and a number where there is nothing."""

from fractions import Fraction


def rounded(value: float) -> float:
    """`value` with two decimals, and 0.0 for -0.0, which is a number to IEEE 754 only."""
    return round(value, 2) + 0.0


def mean(total: float, count: int) -> float:
    """`total / count`, 0 where nothing was counted."""
    return rounded(total / count) if count else 0.0


def error_rate(errors: int, messages: int) -> float:
    """Percent of the messages, at most 100; errors without any message are 100."""
    if errors == 0:
        return 0.0
    return min(100.0, rounded(100 * errors / messages)) if messages else 100.0


def share(part: int, whole: int) -> str:
    """`part` in percent of `whole`, as `"62.5%"`; `"0.0%"` of nothing. Half goes to even."""
    return f"{_decimal(_tenths_of_percent(part, whole))}%" if whole else "0.0%"


def change(now: int, base: int) -> str:
    """How `now` differs from `base`, as `"+12.5%"`; `"+0.0%"` where the base is not positive.

    Exact, then rounded half to even; what rounds to nothing is `"+0.0%"` too.
    """
    tenths = _tenths_of_percent(now - base, base) if base > 0 else 0
    return f"{'-' if tenths < 0 else '+'}{_decimal(abs(tenths))}%"


def _tenths_of_percent(part: int, whole: int) -> int:
    return round(Fraction(1000 * part, whole))


def _decimal(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}"

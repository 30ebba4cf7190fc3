"""Numbers as in the contract: two decimals, and never null."""

from fractions import Fraction


def rounded(value: float) -> float:
    """`value` with two decimals, and 0.0 for -0.0."""
    return round(value, 2) + 0.0


def mean(total: float, count: int) -> float:
    """`total / count`, or 0 if the count is 0."""
    return rounded(total / count) if count else 0.0


def error_rate(errors: int, messages: int) -> float:
    """Percent of the messages, at most 100; 100 for errors without messages."""
    if errors == 0:
        return 0.0
    return min(100.0, rounded(100 * errors / messages)) if messages else 100.0


def share(part: int, whole: int) -> str:
    """`part` in percent of `whole`, such as `"62.5%"`, rounded half to even; `"0.0%"` of 0."""
    return f"{_decimal(_tenths_of_percent(part, whole))}%" if whole else "0.0%"


def change(now: int, base: int) -> str:
    """The change from `base` to `now`, such as `"+12.5%"`; `"+0.0%"` if the base is not positive.

    Computed exactly, then rounded half to even; never `"-0.0%"`.
    """
    tenths = _tenths_of_percent(now - base, base) if base > 0 else 0
    return f"{'-' if tenths < 0 else '+'}{_decimal(abs(tenths))}%"


def _tenths_of_percent(part: int, whole: int) -> int:
    return round(Fraction(1000 * part, whole))


def _decimal(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}"

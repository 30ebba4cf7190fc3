"""Figures as the contract wants them: two decimals, and a number where there is nothing."""


def mean(total: float, count: int) -> float:
    """`total / count`, 0 where nothing was counted."""
    return round(total / count, 2) if count else 0.0

"""Figures of alternating runs, and the table they are told in."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """Several runs of one thing; `values` in the order they were measured."""

    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def ratio(self, other: "Figure") -> float:
        """The median of the ratios run by run: a machine that drifts drifts under both."""
        pairs = zip(self.values, other.values, strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)

    def spread(self) -> str:
        return f"{_short(min(self.values))} to {_short(max(self.values))}"


def markdown(title: str, figures: Sequence[Figure], against: Sequence[Figure] = ()) -> list[str]:
    """A table with median and spread, and the ratio to each figure of `against`."""
    heads = ["", "median", "spread", *(f"÷ {other.name}" for other in against)]
    lines = [f"### {title}", "", _row(heads), _row(["---"] * len(heads))]
    for figure in figures:
        ratios = [f"{figure.ratio(other):.2f}" for other in against]
        median = f"{_short(figure.median)} {figure.unit}"
        lines.append(_row([figure.name, median, figure.spread(), *ratios]))
    return [*lines, ""]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _short(value: float) -> str:
    if value >= 1_000:
        return f"{value / 1_000:.1f} k" if value < 1_000_000 else f"{value / 1_000_000:.2f} M"
    return f"{value:.2f}"

"""Results of measurements: the figures of each run and the values for targets, stored as JSON."""

import statistics
from collections.abc import Sequence

import msgspec

Values = tuple[float, ...]


class Series(msgspec.Struct, frozen=True):
    """One contestant's figures, such as `rows/s`, with a value for each run.

    `gives` describes its guarantees and aggregates, if they differ between contestants.
    """

    name: str
    figures: dict[str, Values]
    gives: str = ""


class Reached(msgspec.Struct, frozen=True):
    """A target's values: one for each run, or a ratio for each pair of runs."""

    target: str
    values: Values


class Result(msgspec.Struct, frozen=True):
    """A measurement's result.

    `setup` describes the conditions. `missing` holds the reason why a target or a contestant was
    not measured, by its name, or by the measurement's name if nothing was measured.
    """

    name: str
    title: str
    setup: str = ""
    series: tuple[Series, ...] = ()
    reached: tuple[Reached, ...] = ()
    missing: dict[str, str] = {}
    remarks: tuple[str, ...] = ()


class Machine(msgspec.Struct, frozen=True):
    """The machine of a report; `versions` by package name."""

    cores: int
    memory_gib: float
    system: str
    database: str
    versions: dict[str, str]


class Report(msgspec.Struct, frozen=True):
    """One run of all measurements on one machine; `measured_on` is a UTC date."""

    measured_on: str
    is_full: bool
    pairs: int
    machine: Machine
    results: tuple[Result, ...]


def ratios(mine: Sequence[float], theirs: Sequence[float]) -> Values:
    """The ratio for each pair of runs: changes of the machine's speed affect both sides."""
    return tuple(one / other for one, other in zip(mine, theirs, strict=True))


def median(values: Sequence[float]) -> float:
    """The median of at least one value."""
    return statistics.median(values)

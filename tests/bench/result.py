"""What measurements come to: figures run by run, held against targets, as JSON keeps them."""

import statistics
from collections.abc import Sequence

import msgspec

Values = tuple[float, ...]


class Series(msgspec.Struct, frozen=True):
    """What one contestant did: for each figure, such as `rows/s`, a value a run.

    `gives` tells what its user has from it, where that differs between contestants.
    """

    name: str
    figures: dict[str, Values]
    gives: str = ""


class Reached(msgspec.Struct, frozen=True):
    """What came out for a target: a value a run, or a ratio a pair of runs."""

    target: str
    values: Values


class Result(msgspec.Struct, frozen=True):
    """A measurement's outcome.

    `setup` names all that the figures depend on. `missing` tells, by a target's or a contestant's
    name, why it was not measured; under the measurement's own name, why none of it was.
    """

    name: str
    title: str
    setup: str = ""
    series: tuple[Series, ...] = ()
    reached: tuple[Reached, ...] = ()
    missing: dict[str, str] = {}
    remarks: tuple[str, ...] = ()


class Machine(msgspec.Struct, frozen=True):
    """Where a report comes from; `versions` by name."""

    cores: int
    memory_gib: float
    system: str
    database: str
    versions: dict[str, str]


class Report(msgspec.Struct, frozen=True):
    """One run of everything on one machine; `measured_on` is a date in UTC."""

    measured_on: str
    is_full: bool
    pairs: int
    machine: Machine
    results: tuple[Result, ...]


def ratios(mine: Sequence[float], theirs: Sequence[float]) -> Values:
    """Run by run: a machine that drifts drifts under both."""
    return tuple(one / other for one, other in zip(mine, theirs, strict=True))


def median(values: Sequence[float]) -> float:
    """Of at least one value."""
    return statistics.median(values)

"""Runs contestants alternately, and computes their figures and ratios."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.bench.measurement import NotHereError, in_a_line, say
from tests.bench.result import Reached, Series, Values, ratios
from tests.bench.writing.meter import Run

WALL = "rows/s"
CPU = "rows a CPU-second"
OF_WRITER = "of the writer alone"
OF_DATABASE = "of the database alone"
WAL = "WAL bytes a row"


@dataclass(frozen=True)
class Contestant:
    """A writer under test; each `run` writes all rows from an empty start."""

    name: str
    run: Callable[[], Run]
    gives: str = ""


@dataclass(frozen=True)
class Comparison:
    """The ratio of two contestants in one figure, for a target."""

    target: str
    mine: str
    theirs: str
    figure: str = WALL


@dataclass
class Outcome:
    """The runs of each contestant, and the reasons for missing ones."""

    runs: dict[str, list[Run]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    gives: dict[str, str] = field(default_factory=dict)

    def series(self) -> tuple[Series, ...]:
        """All figures, in the order of the contestants."""
        return tuple(
            Series(name, figures_of(runs), self.gives.get(name, ""))
            for name, runs in self.runs.items()
        )

    def reached(self, comparisons: Sequence[Comparison]) -> tuple[Reached, ...]:
        """The ratios for each pair of runs, for comparisons with figures on both sides."""
        found = ((one.target, self._ratios(one)) for one in comparisons)
        return tuple(Reached(target, values) for target, values in found if values)

    def _ratios(self, one: Comparison) -> Values:
        mine, theirs = (
            figures_of(self.runs.get(name, ())).get(one.figure, ())
            for name in (one.mine, one.theirs)
        )
        return ratios(mine, theirs) if mine and theirs else ()

    def why_missing(self, comparisons: Sequence[Comparison]) -> dict[str, str]:
        """Reasons for missing runs, by the name of the contestant and of each affected target."""
        needed = {
            one.target: self.missing[name]
            for one in comparisons
            for name in (one.mine, one.theirs)
            if name in self.missing
        }
        return self.missing | needed


def in_turn(pairs: int, contestants: Sequence[Contestant]) -> Outcome:
    """Run each contestant once per round, for `pairs` rounds.

    A failed run is retried once; a contestant that fails twice in a row is excluded.
    """
    outcome = Outcome(gives={one.name: one.gives for one in contestants})
    for pair in range(pairs):
        for one in contestants:
            if one.name not in outcome.missing:
                _run(one, outcome, f"{pair + 1} of {pairs}")
    return outcome


def _run(one: Contestant, outcome: Outcome, number: str) -> None:
    try:
        run = _run_or_again(one)
    except Exception as error:
        outcome.missing[one.name] = in_a_line(error)
        outcome.runs.pop(one.name, None)
        say(f"  {one.name}, {number}: {outcome.missing[one.name]}")
        return
    outcome.runs.setdefault(one.name, []).append(run)
    say(f"  {one.name}, {number}: {run.rows / run.wall_s:,.0f} rows/s in {run.wall_s:.1f} s")


def _run_or_again(one: Contestant) -> Run:
    try:
        return one.run()
    except NotHereError:
        raise
    except Exception as error:
        say(f"  {one.name}: {in_a_line(error)}; retrying")
        return one.run()


def figures_of(runs: Sequence[Run]) -> dict[str, Values]:
    """Each figure with a value for each run; CPU and WAL only if all runs have it."""
    every: dict[str, list[float | None]] = {
        WALL: [run.rows / run.wall_s for run in runs],
        CPU: [_per(run.rows, _sum(run.writer_cpu_s, run.database_cpu_s)) for run in runs],
        OF_WRITER: [_per(run.rows, run.writer_cpu_s) for run in runs],
        OF_DATABASE: [_per(run.rows, run.database_cpu_s) for run in runs],
        WAL: [None if run.wal_bytes is None else run.wal_bytes / run.rows for run in runs],
    }
    seen = {
        name: tuple(value for value in values if value is not None)
        for name, values in every.items()
    }
    return {name: values for name, values in seen.items() if runs and len(values) == len(runs)}


def _per(rows: int, seconds: float | None) -> float | None:
    return rows / seconds if seconds else None


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other

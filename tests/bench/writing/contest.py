"""Contestants in turn, and what their runs come to."""

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
    """Somebody who writes the rows, from nothing to the end, once for each `run`."""

    name: str
    run: Callable[[], Run]
    gives: str = ""


@dataclass(frozen=True)
class Comparison:
    """Two contestants' ratio in one figure, for a target."""

    target: str
    mine: str
    theirs: str
    figure: str = WALL


@dataclass
class Outcome:
    """The runs by contestant, and why some have none."""

    runs: dict[str, list[Run]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    gives: dict[str, str] = field(default_factory=dict)

    def series(self) -> tuple[Series, ...]:
        """All that was measured, in the contestants' order."""
        return tuple(
            Series(name, figures_of(runs), self.gives.get(name, ""))
            for name, runs in self.runs.items()
        )

    def reached(self, comparisons: Sequence[Comparison]) -> tuple[Reached, ...]:
        """The ratios pair by pair, of those comparisons whose figures both sides have."""
        held = ((one.target, self._ratios(one)) for one in comparisons)
        return tuple(Reached(target, values) for target, values in held if values)

    def _ratios(self, one: Comparison) -> Values:
        mine, theirs = (
            figures_of(self.runs.get(name, ())).get(one.figure, ())
            for name in (one.mine, one.theirs)
        )
        return ratios(mine, theirs) if mine and theirs else ()

    def why_missing(self, comparisons: Sequence[Comparison]) -> dict[str, str]:
        """Why contestants have no runs, by their names and by the targets they were needed for."""
        needed = {
            one.target: self.missing[name]
            for one in comparisons
            for name in (one.mine, one.theirs)
            if name in self.missing
        }
        return self.missing | needed


def in_turn(pairs: int, contestants: Sequence[Contestant]) -> Outcome:
    """Everybody once, then everybody again, `pairs` times.

    A run that fails is made once more; who fails twice in a row is left out from there on.
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
        say(f"  {one.name}: {in_a_line(error)}; once more")
        return one.run()


def figures_of(runs: Sequence[Run]) -> dict[str, Values]:
    """Each figure with a value a run; CPU and WAL only where all runs have it."""
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

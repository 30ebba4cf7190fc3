"""Contestants in turn, and what their runs come to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.bench.measurement import in_a_line, say
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

    def reached(self, target: str, mine: str, theirs: str, figure: str = WALL) -> list[Reached]:
        """The ratios of one figure, pair by pair; none where one of the two has no runs.

        Where a figure was not seen there is nothing to hold against a target either.
        """
        if mine not in self.runs or theirs not in self.runs:
            return []
        one, other = (figures_of(self.runs[name]).get(figure) for name in (mine, theirs))
        return [Reached(target, ratios(one, other))] if one and other else []


def in_turn(pairs: int, contestants: Sequence[Contestant]) -> Outcome:
    """Everybody once, then everybody again, `pairs` times. Who fails is left out from there on."""
    outcome = Outcome(gives={one.name: one.gives for one in contestants})
    for pair in range(pairs):
        for one in contestants:
            if one.name not in outcome.missing:
                _run(one, outcome, f"{pair + 1} of {pairs}")
    return outcome


def _run(one: Contestant, outcome: Outcome, number: str) -> None:
    try:
        run = one.run()
    except Exception as error:
        outcome.missing[one.name] = in_a_line(error)
        outcome.runs.pop(one.name, None)
        say(f"  {one.name}, {number}: {outcome.missing[one.name]}")
        return
    outcome.runs.setdefault(one.name, []).append(run)
    say(f"  {one.name}, {number}: {run.rows / run.wall_s:,.0f} rows/s in {run.wall_s:.1f} s")


def figures_of(runs: Sequence[Run]) -> dict[str, Values]:
    """Each figure with a value a run; CPU only where all runs have it."""
    figures = {WALL: tuple(run.rows / run.wall_s for run in runs)}
    figures |= _per_cpu(runs)
    figures[WAL] = tuple(run.wal_bytes / run.rows for run in runs)
    return figures


def _per_cpu(runs: Sequence[Run]) -> Mapping[str, Values]:
    seen = [
        (run.rows, run.writer_cpu_s, run.database_cpu_s)
        for run in runs
        if run.writer_cpu_s and run.database_cpu_s
    ]
    if len(seen) < len(runs):
        return {}
    return {
        CPU: tuple(rows / (writer + database) for rows, writer, database in seen),
        OF_WRITER: tuple(rows / writer for rows, writer, _ in seen),
        OF_DATABASE: tuple(rows / database for rows, _, database in seen),
    }

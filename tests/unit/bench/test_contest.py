"""Contestants: order of runs, figures, and failures."""

from collections.abc import Callable

import pytest

from tests.bench.measurement import NotHereError
from tests.bench.writing.contest import (
    CPU,
    OF_DATABASE,
    OF_WRITER,
    WAL,
    WALL,
    Comparison,
    Contestant,
    figures_of,
    in_turn,
)
from tests.bench.writing.meter import Run


def run(rows: int = 100, wall_s: float = 2.0, cpu_s: float | None = 1.0) -> Run:
    return Run(rows, wall_s, cpu_s, 3.0, 5_000)


def noting(order: list[str], name: str) -> Callable[[], Run]:
    def once() -> Run:
        order.append(name)
        return run()

    return once


def test_contestants_alternate() -> None:
    order: list[str] = []
    outcome = in_turn(3, [Contestant(name, noting(order, name)) for name in "ab"])
    assert order == ["a", "b"] * 3
    assert [(one.name, len(one.figures[WALL])) for one in outcome.series()] == [("a", 3), ("b", 3)]


def test_figures_of_runs() -> None:
    assert figures_of([run(), run(wall_s=4.0)]) == {
        WALL: (50.0, 25.0),
        CPU: (25.0, 25.0),
        OF_WRITER: (100.0, 100.0),
        OF_DATABASE: (pytest.approx(33.3, 0.01),) * 2,
        WAL: (50.0, 50.0),
    }


def test_cpu_is_reported_only_if_all_runs_have_it() -> None:
    assert figures_of([run(), run(cpu_s=None)]).keys() == {WALL, OF_DATABASE, WAL}
    assert figures_of([]) == {}


def test_a_failing_contestant_is_excluded() -> None:
    order: list[str] = []
    runs = iter([run()])
    outcome = in_turn(3, [Contestant("a", lambda: next(runs)), Contestant("b", noting(order, "b"))])
    assert order == ["b", "b", "b"]
    assert outcome.missing == {"a": "StopIteration: "}
    assert [one.name for one in outcome.series()] == ["b"]
    comparisons = [Comparison("target", "a", "b")]
    assert outcome.reached(comparisons) == ()
    assert outcome.why_missing(comparisons).keys() == {"a", "target"}


def test_values_are_ratios_of_pairs() -> None:
    runs = iter([run(wall_s=1.0), run(wall_s=4.0)])
    others = [Contestant("a", lambda: next(runs)), Contestant("b", run)]
    (reached,) = in_turn(2, others).reached([Comparison("target", "a", "b")])
    assert (reached.target, reached.values) == ("target", (2.0, 0.5))


def test_a_failed_run_is_retried_once() -> None:
    runs: list[Run | Exception] = [OSError("in use"), run(), run(), OSError("in use"), run()]

    def once() -> Run:
        match runs.pop(0):
            case Exception() as error:
                raise error
            case made:
                return made

    outcome = in_turn(3, [Contestant("a", once)])
    assert (len(outcome.runs["a"]), outcome.missing, runs) == (3, {}, [])


def test_a_missing_prerequisite_is_not_retried() -> None:
    calls: list[str] = []

    def once() -> Run:
        calls.append("Go")
        raise NotHereError("no Go here")

    assert in_turn(3, [Contestant("a", once)]).missing == {"a": "no Go here"}
    assert calls == ["Go"]

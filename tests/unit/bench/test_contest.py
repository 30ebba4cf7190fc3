"""Contestants in turn: who runs when, what their figures are, what failing costs."""

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


def test_cpu_is_told_only_where_all_runs_have_it() -> None:
    assert figures_of([run(), run(cpu_s=None)]).keys() == {WALL, OF_DATABASE, WAL}
    assert figures_of([]) == {}


def test_who_fails_is_left_out_and_the_others_go_on() -> None:
    order: list[str] = []
    runs = iter([run()])
    outcome = in_turn(3, [Contestant("a", lambda: next(runs)), Contestant("b", noting(order, "b"))])
    assert order == ["b", "b", "b"]
    assert outcome.missing == {"a": "StopIteration: "}
    assert [one.name for one in outcome.series()] == ["b"]
    comparisons = [Comparison("target", "a", "b")]
    assert outcome.reached(comparisons) == ()
    assert outcome.why_missing(comparisons).keys() == {"a", "target"}


def test_what_is_reached_is_a_ratio_a_pair() -> None:
    runs = iter([run(wall_s=1.0), run(wall_s=4.0)])
    others = [Contestant("a", lambda: next(runs)), Contestant("b", run)]
    (reached,) = in_turn(2, others).reached([Comparison("target", "a", "b")])
    assert (reached.target, reached.values) == ("target", (2.0, 0.5))


def test_a_run_that_fails_is_made_once_more() -> None:
    runs: list[Run | Exception] = [OSError("in use"), run(), run(), OSError("in use"), run()]

    def once() -> Run:
        match runs.pop(0):
            case Exception() as error:
                raise error
            case made:
                return made

    outcome = in_turn(3, [Contestant("a", once)])
    assert (len(outcome.runs["a"]), outcome.missing, runs) == (3, {}, [])


def test_what_is_not_here_is_asked_for_once() -> None:
    asked: list[str] = []

    def once() -> Run:
        asked.append("Go")
        raise NotHereError("no Go here")

    assert in_turn(3, [Contestant("a", once)]).missing == {"a": "no Go here"}
    assert asked == ["Go"]

"""The page of a report: figures, ratios, spreads, missed targets and missing results."""

import pytest

from tests.bench.measurement import Bench, Measurement, NotHereError, Scale
from tests.bench.page import render, short
from tests.bench.reading import MEASUREMENTS as READING
from tests.bench.result import Machine, Reached, Report, Result, Series, median, ratios
from tests.bench.targets import Target, read_reasons, read_targets
from tests.bench.writing import MEASUREMENTS as WRITING

MACHINE = Machine(2, 24.0, "Linux 6", "PostgreSQL 17", {"Python": "3.11"})
AT_LEAST = Target("fast", "Writing", "race", "ours", "theirs", least=0.9)
AT_MOST = Target("small", "Writing", "race", "bytes", "theirs", most=0.65)
RACE = Result(
    "race",
    "A race",
    "10 agents",
    (
        Series("ours", {"rows/s": (900.0, 1_100.0, 1_000.0)}, "exactly once"),
        Series("theirs", {"rows/s": (1_000.0, 1_000.0, 1_000.0), "ms": (0.5, 0.25, 2.0)}),
    ),
    (Reached("fast", (0.9, 1.1, 1.0)), Reached("small", (0.7, 0.8))),
)


def page(result: Result, *targets: Target, reasons: dict[str, str] | None = None) -> str:
    return render(Report("2026-01-05", True, 3, MACHINE, (result,)), targets, reasons or {})


def test_a_ratio_is_taken_run_by_run() -> None:
    assert ratios([2.0, 9.0, 8.0], [1.0, 3.0, 8.0]) == (2.0, 3.0, 1.0)
    assert median(ratios([2.0, 9.0, 8.0], [1.0, 3.0, 8.0])) == 2.0
    with pytest.raises(ValueError, match="longer"):
        ratios([1.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.00"),
        (0.654, "0.65"),
        (99.5, "99.50"),
        (127.4, "127"),
        (999.4, "999"),
        (1_000, "1.0 k"),
        (117_249, "117.2 k"),
        (999_949, "999.9 k"),
        (999_950, "1.00 M"),
        (2_345_678, "2.35 M"),
    ],
)
def test_figures_are_short(value: float, text: str) -> None:
    assert short(value) == text


@pytest.mark.parametrize(
    ("target", "values", "is_met"),
    [
        (AT_LEAST, (0.9,), True),
        (AT_LEAST, (0.5, 0.9, 1.2), True),
        (AT_LEAST, (0.89,), False),
        (AT_MOST, (0.65,), True),
        (AT_MOST, (0.66,), False),
        (Target("any", "Writing", "race", "a", "b"), (0.0,), True),
    ],
)
def test_the_median_decides(target: Target, values: tuple[float, ...], is_met: bool) -> None:
    assert target.is_met(values) is is_met


def test_a_target_is_shown_with_its_result() -> None:
    text = page(RACE, AT_LEAST, AT_MOST)
    reached = "| ours | theirs | 10 agents | 0.9 times | 1.00 times (0.90 to 1.10) | yes |"
    assert reached in text
    short_of = "| bytes | theirs | 10 agents | 0.65 times at most | 0.75 times (0.70 to 0.80) |"
    assert f"{short_of} **short** |" in text


def test_a_table_has_median_spread_and_guarantees() -> None:
    text = page(RACE, AT_LEAST)
    assert "| ours | 1.0 k (900 to 1.1 k) | - | exactly once |" in text
    assert "| theirs | 1.0 k (1.0 k to 1.0 k) | 0.50 (0.25 to 2.00) |  |" in text


def test_a_reason_is_shown_only_for_a_missed_target() -> None:
    text = page(RACE, AT_LEAST, AT_MOST, reasons={"fast": "Must not appear.", "small": "An index."})
    assert "**bytes, compared with theirs:** An index." in text
    assert "Must not appear." not in text


def test_a_missing_result_has_its_reason() -> None:
    bare = Result("race", "A race", missing={"fast": "no Go on this machine"})
    text = page(bare, AT_LEAST, AT_MOST)
    assert "| 0.9 times | not measured: no Go on this machine |" in text
    assert "| 0.65 times at most | not measured: not part of this run |" in text


def test_a_failed_measurement_is_reported_and_the_run_continues(bench: Bench) -> None:
    def fail(_: Bench) -> Result:
        raise NotHereError("no Go here")

    def break_down(_: Bench) -> Result:
        raise OSError("disk | full\nand more")

    assert Measurement("race", "A race", fail).result(bench).missing == {"race": "no Go here"}
    broken = Measurement("race", "A race", break_down).result(bench)
    assert broken.missing == {"race": "OSError: disk / full"}
    assert "not measured: OSError: disk / full" in page(broken, AT_LEAST)


@pytest.mark.parametrize(
    ("variables", "scale"),
    [
        ({}, Scale()),
        ({"FULL": "0"}, Scale()),
        ({"FULL": "1"}, Scale(is_full=True, share=1.0)),
        ({"BENCH_ONLY": "a,b", "BENCH_PAIRS": "2"}, Scale(pairs=2, only=("a", "b"))),
        ({"FULL": "1", "BENCH_SHARE": "0.1"}, Scale(is_full=True, share=0.1)),
    ],
)
def test_scale_of_environment_variables(variables: dict[str, str], scale: Scale) -> None:
    assert Scale.of(variables) == scale


def test_a_share_of_the_rows_is_of_whole_batches() -> None:
    assert Scale(share=0.5).rows(600_000, 10_000) == 300_000
    assert Scale(share=0.01).rows(600_000, 10_000) == 20_000


def test_every_target_names_a_measurement_and_every_reason_a_target() -> None:
    targets = read_targets()
    measured = {measurement.name for measurement in (*WRITING, *READING)}
    names = [target.name for target in targets]
    assert {target.measurement for target in targets} <= measured
    assert len(set(names)) == len(names)
    assert read_reasons().keys() <= set(names)
    assert not [t for t in targets if t.least is not None and t.most is not None]

"""The samples of the history benchmark: number, times and order."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from tests.bench.reading.history import BATCH_SAMPLES, MONTH_S, Samples, fleets

NEWEST = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)


def test_a_full_run_has_43_million_samples_and_a_million_twice() -> None:
    assert [fleet.rows for fleet in fleets(1.0)] == [43_200_000, 1_000_000, 1_000_000]


@pytest.mark.parametrize("each", [1, BATCH_SAMPLES, 2 * BATCH_SAMPLES + 1])
def test_each_agent_has_its_samples_up_to_now(each: int) -> None:
    samples = Samples("some", agents=3, each=each, step_s=60)
    batches = list(samples.batches(NEWEST))
    rows = pl.concat(batches)
    times = [NEWEST - n * timedelta(minutes=1) for n in reversed(range(each))]
    assert rows.height == samples.rows
    for key in (1, 2, 3):
        mine = rows.filter(pl.col("agent_key") == key)["ts"].to_list()
        assert mine == [round(ts.timestamp() * 1e6) for ts in times]
    assert all(batch.equals(batch.sort("agent_key", "ts")) for batch in batches)


def test_samples_span_30_days() -> None:
    every, _, fewer_agents = fleets(1.0)
    assert every.each * every.step_s == pytest.approx(MONTH_S)
    assert fewer_agents.each * fewer_agents.step_s == pytest.approx(MONTH_S)

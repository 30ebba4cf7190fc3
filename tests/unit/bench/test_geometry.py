"""The rows of a benchmark are equal as events and as columns."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from ingest.batch import ALONE
from ingest.decoding.decode import samples_frame
from tests.bench.writing.geometry import Geometry, agent_ids

NEWEST = datetime(2026, 1, 5, 12, tzinfo=UTC)
LIVE = Geometry(agents=20, batch_rows=100, rows=400, newest=NEWEST)
LATE = Geometry(agents=20, batch_rows=100, rows=400, newest=NEWEST, is_late=True)


def test_times_rise_to_the_newest_and_each_agent_samples_every_ten_seconds() -> None:
    times = LIVE.times_us()
    assert (np.diff(times) > 0).all()
    assert LIVE.time(399) == NEWEST
    assert LIVE.time(399) - LIVE.time(379) == timedelta(seconds=10)


def test_a_batch_holds_as_many_samples_of_each_agent() -> None:
    counts = [frame["agent_key"].value_counts()["count"].unique() for frame in LIVE.frames()]
    assert [list(count) for count in counts] == [[5]] * 4


def test_late_rows_are_of_the_thirty_days_before() -> None:
    times = LATE.times_us()
    assert len(np.unique(times)) == LATE.rows
    assert min(map(LATE.time, range(400))) > NEWEST - timedelta(days=30)
    assert len(np.unique(times // 86_400_000_000)) > 25


@pytest.mark.parametrize("geometry", [LIVE, LATE])
def test_frames_are_the_events_in_the_order_of_agents_and_times(geometry: Geometry) -> None:
    samples = list(geometry.samples())
    keys = {pair: number + 1 for number, pair in enumerate(agent_ids(geometry.agents))}
    expected = pl.DataFrame(
        {
            "ts": samples_frame([(one, 0, ALONE) for one in samples])["ts"],
            "agent_key": [keys[sample.user_id, sample.agent_id] for sample in samples],
            "cpu": pl.Series([sample.cpu for sample in samples], dtype=pl.Float32),
            "messages": [sample.messages for sample in samples],
        }
    )
    batches = [part.sort("agent_key", "ts") for part in expected.iter_slices(100)]
    for found, batch in zip(geometry.frames(), batches, strict=True):
        assert found.select(batch.columns).rows() == batch.rows()

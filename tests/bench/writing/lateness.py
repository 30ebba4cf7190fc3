"""Late samples, spread over the chunks of 30 days, compared with live samples."""

from dataclasses import replace
from typing import Final

import polars as pl

from ingest.writing.binarycopy import encode_samples
from tests.bench.measurement import Bench
from tests.bench.result import Result
from tests.bench.writing.contest import Comparison, Contestant, in_turn
from tests.bench.writing.copying import copy_into
from tests.bench.writing.databases import migrated_database
from tests.bench.writing.geometry import DAY_US, LATENESS_DAYS, Geometry
from tests.bench.writing.ingesting import Ingest
from tests.bench.writing.meter import Run
from tests.bench.writing.throughput import SHORT, setup_of
from tests.bench.writing.topic import filled_topics
from tests.support.stack import Topics

NAME: Final = "late"
TITLE: Final = "Late samples"
LIVE: Final = "live samples"
LATE: Final = "late samples of 30 days, in random order"
COMPARISONS: Final = (Comparison(NAME, LATE, LIVE),)


def measure(bench: Bench) -> Result:
    """Measure the same number of samples of the same agents, with different times."""
    live = SHORT.geometry(bench)
    late = replace(live, is_late=True)
    with (
        filled_topics(bench.stack, live.samples()) as live_topics,
        filled_topics(bench.stack, late.samples()) as late_topics,
    ):
        outcome = in_turn(
            bench.scale.pairs,
            [
                Contestant(LIVE, lambda: _run(bench, live, live_topics)),
                Contestant(LATE, lambda: _run(bench, late, late_topics)),
            ],
        )
    return Result(
        name=NAME,
        title=TITLE,
        setup=setup_of(bench, live),
        series=outcome.series(),
        reached=outcome.reached(COMPARISONS),
        missing=outcome.why_missing(COMPARISONS),
        remarks=("For both, the chunks of the 30 days exist before the measurement starts.",),
    )


def _run(bench: Bench, geometry: Geometry, topics: Topics) -> Run:
    with migrated_database(bench.stack, geometry) as url:
        copy_into(url, [encode_samples(_one_a_day(geometry))])
        return Ingest(bench.stack, url, topics, geometry.batch_rows, bench.scratch).run(
            geometry.rows
        )


def _one_a_day(geometry: Geometry) -> pl.DataFrame:
    """A sample of each day, at unique times."""
    first = next(geometry.frames()).head(1)
    newest = replace(geometry, is_late=False).times_us()[-1] + 1
    times = [int(newest) - day * DAY_US for day in range(LATENESS_DAYS + 1)]
    return pl.concat([first.with_columns(ts=pl.lit(ts)) for ts in reversed(times)])

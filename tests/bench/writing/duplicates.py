"""Duplicate samples: whole batches of them, or one at the end of each batch."""

from typing import Final

from ingest.writing.binarycopy import encode_samples
from tests.bench.measurement import Bench
from tests.bench.result import Result
from tests.bench.writing.contest import Comparison, Contestant, in_turn
from tests.bench.writing.copying import Batches, copy_into, encoded
from tests.bench.writing.databases import check_stored, migrated_database
from tests.bench.writing.geometry import Geometry
from tests.bench.writing.ingesting import Ingest
from tests.bench.writing.meter import Run
from tests.bench.writing.throughput import SHORT, setup_of
from tests.bench.writing.topic import filled_topics
from tests.support.stack import Topics

NAME: Final = "duplicates"
TITLE: Final = "Duplicate samples"
FRESH: Final = "all new"
ALL: Final = "all duplicates"
ONE: Final = "the last row of each batch a duplicate"
COMPARISONS: Final = (
    Comparison("duplicates_all", ALL, FRESH),
    Comparison("duplicates_one", ONE, FRESH),
)


def measure(bench: Bench) -> Result:
    """Measure one topic three times, with different rows stored beforehand."""
    geometry = SHORT.geometry(bench)
    with filled_topics(bench.stack, geometry.samples()) as topics:
        lasts = [encode_samples(frame.tail(1)) for frame in geometry.frames()]
        outcome = in_turn(
            bench.scale.pairs,
            [
                Contestant(FRESH, lambda: _run(bench, geometry, topics, [])),
                Contestant(ALL, lambda: _run(bench, geometry, topics, encoded(geometry))),
                Contestant(ONE, lambda: _run(bench, geometry, topics, lasts)),
            ],
        )
    return Result(
        name=NAME,
        title=TITLE,
        setup=setup_of(bench, geometry),
        series=outcome.series(),
        reached=outcome.reached(COMPARISONS),
        missing=outcome.why_missing(COMPARISONS),
        remarks=(
            "A duplicate in the last row of the COPY is the most expensive case: the whole batch "
            "is written, rejected, and written again through a temporary table.",
        ),
    )


def _run(bench: Bench, geometry: Geometry, topics: Topics, before: Batches) -> Run:
    with migrated_database(bench.stack, geometry) as url:
        copy_into(url, before)
        run = Ingest(bench.stack, url, topics, geometry.batch_rows, bench.scratch).run(
            geometry.rows
        )
        check_stored(url, geometry.rows)
        return run

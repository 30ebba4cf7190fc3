"""Samples that were stored before: whole batches of them, and one at the end of each."""

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
from tests.bench.writing.throughput import SHORT, told
from tests.bench.writing.topic import filled_topics
from tests.support.stack import Topics

NAME: Final = "duplicates"
TITLE: Final = "Samples that are stored already"
FRESH: Final = "all new"
ALL: Final = "all stored already"
ONE: Final = "the last row of each batch stored already"
COMPARISONS: Final = (
    Comparison("duplicates_all", ALL, FRESH),
    Comparison("duplicates_one", ONE, FRESH),
)


def measure(bench: Bench) -> Result:
    """The same topic three times; what differs is what the database has beforehand."""
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
        setup=told(bench, geometry),
        series=outcome.series(),
        reached=outcome.reached(COMPARISONS),
        missing=outcome.why_missing(COMPARISONS),
        remarks=(
            "The last row in the order of COPY is the dearest: all of the batch is written, "
            "refused, and written again by way of a temporary table.",
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

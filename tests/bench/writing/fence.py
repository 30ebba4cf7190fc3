"""The cost of exactly-once: ingest with offsets in Kafka instead of in the transaction."""

from dataclasses import replace
from typing import Final

from tests.bench.measurement import Bench
from tests.bench.result import Result
from tests.bench.writing.contest import Comparison, Contestant, in_turn
from tests.bench.writing.databases import migrated_database
from tests.bench.writing.geometry import Geometry
from tests.bench.writing.ingesting import Ingest
from tests.bench.writing.meter import Run
from tests.bench.writing.progress import stored_row
from tests.bench.writing.throughput import SHORT, setup_of
from tests.bench.writing.topic import filled_topics
from tests.support.stack import Topics

NAME: Final = "exactly_once"
TITLE: Final = "The cost of exactly-once"
WITH: Final = "offsets in the transaction"
WITHOUT: Final = "offsets committed to Kafka after the transaction"
UNFENCED: Final = ("tests.bench.writing.unfenced",)
COMPARISONS: Final = (Comparison(NAME, WITH, WITHOUT),)


def measure(bench: Bench) -> Result:
    """Measure; for both, the run ends when the last row is visible."""
    geometry = SHORT.geometry(bench)
    with filled_topics(bench.stack, geometry.samples()) as topics:
        outcome = in_turn(
            bench.scale.pairs,
            [
                Contestant(WITH, lambda: _run(bench, geometry, topics, ()), "exactly once"),
                Contestant(
                    WITHOUT, lambda: _run(bench, geometry, topics, UNFENCED), "at least once"
                ),
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
            "With offsets in Kafka, no offset row is locked, compared or updated; each batch's "
            "offsets are committed to the consumer group instead. The rest is the same process.",
        ),
    )


def _run(bench: Bench, geometry: Geometry, topics: Topics, command: tuple[str, ...]) -> Run:
    last = geometry.rows - 1
    progress = stored_row(last % geometry.agents + 1, geometry.time(last), geometry.rows)
    with migrated_database(bench.stack, geometry) as url:
        ingest = Ingest(bench.stack, url, topics, geometry.batch_rows, bench.scratch)
        return (replace(ingest, command=command) if command else ingest).run(
            geometry.rows, progress
        )

"""What exactly-once costs: the same ingest, with offsets in Kafka instead of in the transaction."""

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
from tests.bench.writing.throughput import SHORT, told
from tests.bench.writing.topic import filled_topics
from tests.support.stack import Topics

NAME: Final = "exactly_once"
TITLE: Final = "The price of exactly-once"
WITH: Final = "offsets in the transaction"
WITHOUT: Final = "offsets committed to Kafka after it"
UNFENCED: Final = ("tests.bench.writing.unfenced",)
COMPARISONS: Final = (Comparison(NAME, WITH, WITHOUT),)


def measure(bench: Bench) -> Result:
    """Both see the rows arrive in the same way: by the last one."""
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
        setup=told(bench, geometry),
        series=outcome.series(),
        reached=outcome.reached(COMPARISONS),
        missing=outcome.why_missing(COMPARISONS),
        remarks=(
            "Without: no row of offsets is locked, compared or moved, and after each batch its "
            "offsets are committed to the group; all else is the same process.",
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

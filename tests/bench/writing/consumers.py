"""Two consumers on disjoint partitions, compared with one consumer of both."""

from dataclasses import replace
from typing import Final

from tests.bench.measurement import Bench
from tests.bench.result import Result
from tests.bench.writing.contest import Comparison, Contestant, in_turn
from tests.bench.writing.databases import migrated_database
from tests.bench.writing.geometry import Geometry
from tests.bench.writing.ingesting import Ingest
from tests.bench.writing.meter import Run
from tests.bench.writing.throughput import SHORT, setup_of
from tests.bench.writing.topic import filled_topics
from tests.support.stack import Topics

NAME: Final = "two_consumers"
TITLE: Final = "Two consumers"
ONE: Final = "one consumer of both partitions"
TWO: Final = "two consumers, a partition each"
CORES: Final = (
    "Broker, database and consumers share the cores. The cores together allow their number times "
    "the rows per CPU-second, less what the broker needs. At the end the consumers wait for one "
    "refresh, which uses one core."
)
COMPARISONS: Final = (Comparison(NAME, TWO, ONE),)


def measure(bench: Bench) -> Result:
    """Measure with a topic of two partitions, half of the agents in each."""
    geometry = SHORT.geometry(bench)
    with filled_topics(bench.stack, geometry.samples(), partitions=2) as topics:
        outcome = in_turn(
            bench.scale.pairs,
            [
                Contestant(ONE, lambda: _run(bench, geometry, topics, 1)),
                Contestant(TWO, lambda: _run(bench, geometry, topics, 2)),
            ],
        )
    return Result(
        name=NAME,
        title=TITLE,
        setup=setup_of(bench, geometry, "a connection each"),
        series=outcome.series(),
        reached=outcome.reached(COMPARISONS),
        missing=outcome.why_missing(COMPARISONS),
        remarks=(CORES,),
    )


def _run(bench: Bench, geometry: Geometry, topics: Topics, processes: int) -> Run:
    with migrated_database(bench.stack, geometry) as url:
        ingest = Ingest(bench.stack, url, topics, geometry.batch_rows, bench.scratch)
        return replace(ingest, processes=processes).run(geometry.rows)

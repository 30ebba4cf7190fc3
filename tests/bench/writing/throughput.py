"""From a loaded topic to committed rows, beside COPY and beside others who do the same."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tests.bench.measurement import Bench
from tests.bench.result import Result
from tests.bench.writing.contest import Contestant, in_turn
from tests.bench.writing.copying import copy_bare, copy_with_aggregates, encoded
from tests.bench.writing.databases import migrated_database
from tests.bench.writing.geometry import Geometry
from tests.bench.writing.ingesting import Ingest
from tests.bench.writing.meter import Run
from tests.bench.writing.topic import filled_topics
from tests.stack import Topics

BATCH_ROWS: Final = 10_000
OURS: Final = "Fleetgauge, topic to committed rows"
COPY: Final = "COPY with the aggregates"
BARE: Final = "COPY into a bare hypertable"
EXACT: Final = "all aggregates, exactly once"


@dataclass(frozen=True)
class Shape:
    """A fleet whose backlog is written; `rows` of it in a full run."""

    name: str
    title: str
    agents: int
    rows: int

    def geometry(self, bench: Bench) -> Geometry:
        return Geometry(
            self.agents, BATCH_ROWS, bench.scale.rows(self.rows, BATCH_ROWS), datetime.now(UTC)
        )

    @property
    def samples_an_agent(self) -> int:
        return BATCH_ROWS // self.agents


TEN: Final = Shape("throughput_ten", "Backlog, 10 samples an agent in a batch", 1_000, 600_000)
ONE: Final = Shape("throughput_one", "Backlog, 1 sample an agent in a batch", 10_000, 300_000)


def measure_ten(bench: Bench) -> Result:
    """A fleet of which a batch holds ten samples an agent."""
    return _measure(bench, TEN)


def measure_one(bench: Bench) -> Result:
    """A fleet of which a batch holds one sample an agent."""
    return _measure(bench, ONE)


def _measure(bench: Bench, shape: Shape) -> Result:
    geometry = shape.geometry(bench)
    topics = filled_topics(bench.stack, geometry.samples())
    batches = encoded(geometry)
    outcome = in_turn(
        bench.scale.pairs,
        [
            Contestant(OURS, lambda: ingested(bench, geometry, topics), EXACT),
            Contestant(
                COPY,
                lambda: copy_with_aggregates(bench.stack, geometry, batches),
                "all aggregates; no topic is read",
            ),
            Contestant(
                BARE,
                lambda: copy_bare(bench.stack, geometry, batches),
                "no aggregates; no topic is read",
            ),
        ],
    )
    return Result(
        name=shape.name,
        title=shape.title,
        setup=told(bench, geometry),
        series=outcome.series(),
        reached=(
            *outcome.reached(f"{shape.name}_copy", OURS, COPY),
            *outcome.reached(f"{shape.name}_bare", OURS, BARE),
        ),
        missing=outcome.missing,
    )


def ingested(bench: Bench, geometry: Geometry, topics: Topics) -> Run:
    """One run of ingest, in a database of its own."""
    with migrated_database(bench.stack, geometry) as url:
        return Ingest(bench.stack, url, topics, geometry.batch_rows, bench.scratch).run(
            geometry.rows
        )


def told(bench: Bench, geometry: Geometry, connections: int = 1) -> str:
    """What the figures of a contest depend on."""
    each = geometry.batch_rows // geometry.agents
    writers = "one connection" if connections == 1 else f"{connections} connections"
    return (
        f"{bench.edition} edition, {geometry.agents:,} agents, {each} of each in a batch of "
        f"{geometry.batch_rows:,}, {writers}, {geometry.rows:,} rows a run"
    )

"""Throughput from a loaded topic to committed rows, compared with COPY and peers."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import uuid4

import msgspec

from tests.bench.measurement import Bench
from tests.bench.result import Reached, Result
from tests.bench.writing import direct
from tests.bench.writing.contest import (
    CPU,
    OF_DATABASE,
    OF_WRITER,
    WAL,
    Comparison,
    Contestant,
    Outcome,
    figures_of,
    in_turn,
)
from tests.bench.writing.copying import copy_bare
from tests.bench.writing.databases import check_stored, migrated_database
from tests.bench.writing.geometry import Geometry
from tests.bench.writing.ingesting import Ingest
from tests.bench.writing.meter import Run
from tests.bench.writing.peers import PEERS
from tests.bench.writing.peers.peer import Peer
from tests.bench.writing.topic import filled_topics
from tests.support.stack import Topics, environment

BATCH_ROWS: Final = 10_000
OURS: Final = "Fleetgauge, topic to committed rows"
DIRECT: Final = "the writer's statements and refreshes, rows prepared in memory"
LIVE: Final = "the writer's statements, a refresh after three samples of each agent"
BARE: Final = "COPY into a bare hypertable"
SHAPED: Final = "fetch, decode and prepare only"
EXACT: Final = "all aggregates, exactly once"
ONLY_IN_FULL: Final = "only with `make bench FULL=1`"
STARTS: Final = (
    "Fleetgauge is measured from the claim of its partition until the last row is committed and "
    "one refresh has aggregated all rows; COPY from its first byte to its last. Peers are measured "
    "from the commit that includes all rows they had read before their first commit, so their "
    "start-up counts neither for nor against them."
)
REFRESHES: Final = (
    f"With rows prepared in memory, a refresh follows every {direct.BACKLOG_ROWS:,} rows and the "
    "last row; with a topic, only the last row. A running ingest refreshes every 30 seconds. In "
    f"that time it writes more rows of a backlog, or {direct.LIVE_SAMPLES} samples per agent of a "
    "fleet with a sample every 10 seconds. The database's CPU and WAL include the refreshes."
)


@dataclass(frozen=True)
class Shape:
    """A fleet and the size of its backlog; `rows` in a full run."""

    name: str
    title: str
    agents: int
    rows: int

    def geometry(self, bench: Bench) -> Geometry:
        return Geometry(
            self.agents, BATCH_ROWS, bench.scale.rows(self.rows, BATCH_ROWS), datetime.now(UTC)
        )


TEN: Final = Shape("throughput_ten", "Backlog, 10 samples an agent in a batch", 1_000, 1_200_000)
ONE: Final = Shape("throughput_one", "Backlog, 1 sample an agent in a batch", 10_000, 300_000)
SHORT: Final = Shape("short", "Half of that backlog", 1_000, 600_000)


def measure_ten(bench: Bench) -> Result:
    """Measure with ten samples of each agent in a batch."""
    return _measure(bench, TEN, PEERS)


def measure_one(bench: Bench) -> Result:
    """Measure with one sample of each agent in a batch; peers are slow, so only in a full run."""
    return _measure(bench, ONE, PEERS if bench.scale.is_full else ())


def _measure(bench: Bench, shape: Shape, peers: Sequence[Peer]) -> Result:
    geometry = shape.geometry(bench)
    with filled_topics(bench.stack, geometry.samples()) as topics:
        outcome = in_turn(
            bench.scale.pairs,
            [
                *_own(bench, geometry, topics),
                *(
                    Contestant(
                        peer.name, partial(peer.run, bench, geometry, topics.samples), peer.gives
                    )
                    for peer in peers
                ),
            ],
        )
    outcome.missing |= {peer.name: ONLY_IN_FULL for peer in PEERS if peer not in peers}
    comparisons = tuple(_comparisons(shape))
    return Result(
        name=shape.name,
        title=shape.title,
        setup=setup_of(bench, geometry),
        series=outcome.series(),
        reached=(*outcome.reached(comparisons), *_wal(shape, outcome), *_writer(shape, outcome)),
        missing=outcome.why_missing(comparisons),
        remarks=(STARTS, REFRESHES, *(peer.settings for peer in peers)),
    )


def _wal(shape: Shape, outcome: Outcome) -> Iterator[Reached]:
    written = figures_of(outcome.runs.get(DIRECT, ())).get(WAL)
    if written:
        yield Reached(f"{shape.name}_wal", written)


def _writer(shape: Shape, outcome: Outcome) -> Iterator[Reached]:
    rows_a_second = figures_of(outcome.runs.get(OURS, ())).get(OF_WRITER)
    if rows_a_second:
        yield Reached(f"{shape.name}_writer", tuple(1e6 / rate for rate in rows_a_second))


def _own(bench: Bench, geometry: Geometry, topics: Topics) -> list[Contestant]:
    batches = direct.batches_of(geometry)
    live = direct.LIVE_SAMPLES * geometry.agents
    return [
        Contestant(OURS, lambda: ingested(bench, geometry, topics), EXACT),
        Contestant(
            DIRECT,
            lambda: direct.write(bench.stack, geometry, batches),
            "all aggregates, no topic",
        ),
        Contestant(
            LIVE,
            lambda: direct.write(bench.stack, geometry, batches, live),
            "all aggregates, no topic",
        ),
        Contestant(
            BARE,
            lambda: copy_bare(bench.stack, geometry, [batch.pieces for batch in batches]),
            "no aggregates, no topic",
        ),
        Contestant(SHAPED, lambda: shaped(bench, geometry, topics), "nothing is written"),
    ]


def _comparisons(shape: Shape) -> Iterator[Comparison]:
    yield Comparison(f"{shape.name}_direct", OURS, DIRECT)
    yield Comparison(f"{shape.name}_bare", OURS, BARE)
    yield Comparison(f"{shape.name}_shaped", SHAPED, DIRECT)
    # A ratio of rows per CPU-second is the inverse ratio of CPU per row, hence the order.
    yield Comparison(f"{shape.name}_cost", BARE, DIRECT, OF_DATABASE)
    yield Comparison(f"{shape.name}_cost_live", BARE, LIVE, OF_DATABASE)
    for peer in PEERS:
        yield Comparison(f"{shape.name}_{peer.key}", OURS, peer.name)
        yield Comparison(f"{shape.name}_{peer.key}_cpu", OURS, peer.name, CPU)


def ingested(bench: Bench, geometry: Geometry, topics: Topics) -> Run:
    """Run ingest once, in a new database."""
    with migrated_database(bench.stack, geometry) as url:
        ingest = Ingest(bench.stack, url, topics, geometry.batch_rows, bench.scratch)
        run = ingest.run(geometry.rows)
        check_stored(url, geometry.rows)
        return run


def setup_of(bench: Bench, geometry: Geometry, writers: str = "one connection") -> str:
    """The conditions of a contest, for the page."""
    each = geometry.batch_rows // geometry.agents
    return (
        f"{bench.edition} edition, {geometry.agents:,} agents, batches of "
        f"{geometry.batch_rows:,} ({each} per agent), {writers}, {geometry.rows:,} rows per run"
    )


def shaped(bench: Bench, geometry: Geometry, topics: Topics) -> Run:
    """Run fetch, decode and prepare in a separate process."""
    module = "tests.bench.writing.shaping"
    done = subprocess.run(
        [sys.executable, "-m", module, str(geometry.agents), str(geometry.rows)],
        env=environment(
            bench.stack.database_url,
            bench.stack,
            topics,
            FLEETGAUGE_BATCH_MAX_ROWS=str(geometry.batch_rows),
            FLEETGAUGE_CONSUMER_GROUP=f"bench-{uuid4().hex}",
        ),
        capture_output=True,
        check=True,
        timeout=300,
    )
    return msgspec.json.decode(done.stdout, type=Run)

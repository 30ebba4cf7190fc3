"""A backlog with default settings, for several fleet sizes, compared with COPY."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Final

from ingest.writing.binarycopy import encode_samples
from schemas.settings import IngestSettings
from tests.bench.measurement import Bench
from tests.bench.result import Result
from tests.bench.writing.contest import Comparison, Contestant, in_turn
from tests.bench.writing.copying import copy_bare
from tests.bench.writing.geometry import Geometry
from tests.bench.writing.throughput import ingested
from tests.bench.writing.topic import filled_topics
from tests.support.stack import Topics

NAME: Final = "backlog"
TITLE: Final = "Backlog with default settings"
FLEETS: Final = (1_000, 10_000, 100_000)
ROWS: Final = 600_000


def measure(bench: Bench) -> Result:
    """Measure; agents send their samples in rotation, as in a live fleet."""
    batch_rows = IngestSettings().batch_max_rows
    now = datetime.now(UTC)
    rows = bench.scale.rows(ROWS, batch_rows)
    with ExitStack() as until_done:
        contestants: list[Contestant] = []
        for agents in FLEETS:
            geometry = Geometry(agents, batch_rows, rows, now)
            topics = until_done.enter_context(filled_topics(bench.stack, geometry.samples()))
            contestants += _contestants(bench, geometry, topics)
        outcome = in_turn(bench.scale.pairs, contestants)
    comparisons = tuple(_comparisons())
    return Result(
        name=NAME,
        title=TITLE,
        setup=f"{bench.edition} edition, {rows:,} rows per run, batches of {batch_rows:,}",
        series=outcome.series(),
        reached=outcome.reached(comparisons),
        missing=outcome.why_missing(comparisons),
    )


def _contestants(bench: Bench, geometry: Geometry, topics: Topics) -> Iterator[Contestant]:
    pieces = [encode_samples(frame) for frame in geometry.frames()]
    yield Contestant(_ours(geometry.agents), partial(ingested, bench, geometry, topics))
    yield Contestant(_bare(geometry.agents), partial(copy_bare, bench.stack, geometry, pieces))


def _ours(agents: int) -> str:
    return f"Fleetgauge, topic to committed rows, {agents:,} agents"


def _bare(agents: int) -> str:
    return f"COPY into a bare hypertable, {agents:,} agents"


def _comparisons() -> Iterator[Comparison]:
    for agents in FLEETS:
        yield Comparison(f"{NAME}_{agents}", _ours(agents), _bare(agents))

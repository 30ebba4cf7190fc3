"""The rate of ingest while `serve` answers dashboards, compared with the rate without."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from tests.bench.measurement import Bench
from tests.bench.reading.endpoints import endpoints
from tests.bench.reading.fleet import AGENTS_A_USER
from tests.bench.reading.load import CONNECTIONS, Load, requests_for, under_load
from tests.bench.reading.requests import POOL, serving
from tests.bench.result import Result
from tests.bench.writing.contest import Comparison, Contestant, in_turn
from tests.bench.writing.databases import migrated_database
from tests.bench.writing.geometry import Geometry
from tests.bench.writing.ingesting import Ingest
from tests.bench.writing.meter import Run
from tests.bench.writing.topic import filled_topics
from tests.support.stack import Topics

NAME: Final = "beside_ingest"
TITLE: Final = "Ingest while serving dashboards"
AGENTS: Final = 1_000
BATCH_ROWS: Final = 10_000
ROWS: Final = 600_000
# Above 200, because each connection pauses after its answer arrives, not after its request.
PER_SECOND: Final = 220
# The default of `FLEETGAUGE_ANSWER_CACHE_MS`.
ANSWER_CACHE_MS: Final = 2_000
ALONE: Final = "ingest alone"
BESIDE: Final = "ingest while serving dashboards"


def measure(bench: Bench) -> Result:
    """Measure with `serve` running in both, and requests in one of them."""
    rows = bench.scale.rows(ROWS, BATCH_ROWS)
    geometry = Geometry(AGENTS, BATCH_ROWS, rows, datetime.now(UTC))
    loads: list[Load] = []
    with filled_topics(bench.stack, geometry.samples()) as topics:
        outcome = in_turn(
            bench.scale.pairs,
            [
                Contestant(BESIDE, lambda: _ingested(bench, geometry, topics, loads)),
                Contestant(ALONE, lambda: _ingested(bench, geometry, topics, None)),
            ],
        )
    setup = (
        f"{bench.edition} edition, {AGENTS:,} agents, {AGENTS_A_USER} per user, batches of "
        f"{BATCH_ROWS:,}, {rows:,} rows per run; one `serve` process with default settings except "
        f"the rate limit, a pool of {POOL}, all endpoints and users in rotation, "
        f"{CONNECTIONS} connections (wrk)"
    )
    compared = (Comparison(NAME, BESIDE, ALONE),)
    return Result(
        NAME,
        TITLE,
        setup,
        outcome.series(),
        outcome.reached(compared),
        outcome.why_missing(compared),
        tuple(_remark(loads)) if loads else (),
    )


def _remark(loads: list[Load]) -> Iterator[str]:
    rates = sorted(load.rate for load in loads)
    slowest = max(load.took["p99 ms"] for load in loads)
    yield (
        f"Served meanwhile: {rates[0]:.0f} to {rates[-1]:.0f} requests/s, all with status 200; "
        f"p99 at most {slowest:.0f} ms."
    )


def _ingested(bench: Bench, geometry: Geometry, topics: Topics, loads: list[Load] | None) -> Run:
    with (
        migrated_database(bench.stack, geometry) as url,
        serving(bench.stack, url, ANSWER_CACHE_MS) as service,
        _load(service.url, loads),
    ):
        ingest = Ingest(bench.stack, url, topics, geometry.batch_rows, bench.scratch)
        return ingest.run(geometry.rows)


@contextmanager
def _load(url: str, loads: list[Load] | None) -> Iterator[None]:
    if loads is None:
        yield
        return
    users = AGENTS // AGENTS_A_USER
    wanted = [
        one for each in endpoints(datetime.now(UTC)) for one in requests_for(each.path, users)
    ]
    with under_load(url, wanted, PER_SECOND) as results:
        yield
    loads.extend(results)

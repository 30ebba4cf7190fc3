"""What each endpoint's query costs the database, by EXPLAIN ANALYZE, prepared and warm."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import psycopg

from sql.named import query
from tests.bench.measurement import Bench
from tests.bench.reading.endpoints import endpoints, spans
from tests.bench.reading.fleet import AGGREGATES, BUSINESS, filled_database
from tests.bench.result import Result, Series
from tests.support.stack import Stack

USER: Final = "user-7"
RUNS: Final = 45


class Fleet(msgspec.Struct, frozen=True):
    """How much data the queries are asked of."""

    name: str
    title: str
    agents: int
    fills: tuple[str, ...]


FEW: Final = Fleet(
    "queries_1000",
    "Queries: 1,000 agents; summary: 500,000 fans, 1,000,000 plays in 30 days",
    1_000,
    (AGGREGATES, BUSINESS),
)
MANY: Final = Fleet("queries_10000", "Queries: 10,000 agents, no business", 10_000, (AGGREGATES,))


def measure_few(bench: Bench) -> Result:
    """With a user's business beside the samples."""
    return _measure(bench, FEW)


def measure_many(bench: Bench) -> Result:
    """With ten times the agents."""
    return _measure(bench, MANY)


def _measure(bench: Bench, fleet: Fleet) -> Result:
    times = _times(bench.stack, RUNS, fleet.agents, fleet.fills)
    series = tuple(Series(name, {"ms": tuple(values)}) for name, values in times.items())
    return Result(
        fleet.name,
        fleet.title,
        "planning and execution of each query, nothing kept between; 30 days of data, a user has "
        "50 agents, a tenth of the agents is removed",
        series,
    )


def _times(stack: Stack, runs: int, agents: int, fills: Sequence[str]) -> dict[str, list[float]]:
    with filled_database(stack, agents, fills) as url, _connection(url) as connection:
        now = datetime.now(UTC)
        wanted = [*endpoints(now), *spans(now)]
        times: dict[str, list[float]] = {endpoint.name: [] for endpoint in wanted}
        for _ in range(runs):
            for one in wanted:
                times[one.name].append(explain_ms(connection, one.query, one.asked_by(USER)))
    # The first runs plan anew and fill the caches.
    return {name: values[5:] for name, values in times.items()}


def _connection(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url, autocommit=True, options="-c timezone=UTC")


def explain_ms(connection: psycopg.Connection[Any], name: str, parameters: dict[str, Any]) -> float:
    """What planning and executing a named query takes, prepared."""
    # A clock on each node of the plan would add a quarter to what it measures.
    explained = b"explain (analyze, timing off, format json) " + _without_comments(query(name))
    row = connection.execute(explained, parameters, prepare=True).fetchone()
    (plan,) = row[0] if row else ({},)
    return float(plan["Planning Time"] + plan["Execution Time"])


def _without_comments(text: bytes) -> bytes:
    return b"\n".join(line for line in text.splitlines() if not line.lstrip().startswith(b"--"))

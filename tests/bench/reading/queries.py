"""The duration of each endpoint's query by EXPLAIN ANALYZE, prepared and warm."""

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
    """The amount of data for the queries."""

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
MANY: Final = Fleet(
    "queries_10000", "Queries: 10,000 agents, without business events", 10_000, (AGGREGATES,)
)


def measure_few(bench: Bench) -> Result:
    """Measure with samples and one user's business events."""
    return _measure(bench, FEW)


def measure_many(bench: Bench) -> Result:
    """Measure with ten times the agents."""
    return _measure(bench, MANY)


def _measure(bench: Bench, fleet: Fleet) -> Result:
    times = _times(bench.stack, RUNS, fleet.agents, fleet.fills)
    series = tuple(Series(name, {"ms": tuple(values)}) for name, values in times.items())
    return Result(
        fleet.name,
        fleet.title,
        "planning and execution of each query, without the response cache; 30 days of data, "
        "50 agents per user, a tenth of the agents removed",
        series,
    )


def _times(stack: Stack, runs: int, agents: int, fills: Sequence[str]) -> dict[str, list[float]]:
    with filled_database(stack, agents, fills) as url, _connection(url) as connection:
        now = datetime.now(UTC)
        wanted = [*endpoints(now), *spans(now)]
        times: dict[str, list[float]] = {endpoint.name: [] for endpoint in wanted}
        for _ in range(runs):
            for one in wanted:
                times[one.name].append(explain_ms(connection, one.query, one.parameters_for(USER)))
    # The first runs plan and fill the caches.
    return {name: values[5:] for name, values in times.items()}


def _connection(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url, autocommit=True, options="-c timezone=UTC")


def explain_ms(connection: psycopg.Connection[Any], name: str, parameters: dict[str, Any]) -> float:
    """Milliseconds for planning and executing a named query, prepared."""
    # Timing each plan node would add a quarter to the duration.
    explained = b"explain (analyze, timing off, format json) " + _without_comments(query(name))
    row = connection.execute(explained, parameters, prepare=True).fetchone()
    (plan,) = row[0] if row else ({},)
    return float(plan["Planning Time"] + plan["Execution Time"])


def _without_comments(text: bytes) -> bytes:
    return b"\n".join(line for line in text.splitlines() if not line.lstrip().startswith(b"--"))

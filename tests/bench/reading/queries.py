"""What each endpoint's query costs the database, by EXPLAIN ANALYZE, prepared and warm."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import msgspec
import psycopg

from query import platform, summary
from query.historical import window_of
from schemas.responses import Range
from sql.queries import query
from tests.bench.measurement import Bench
from tests.bench.result import Result, Series
from tests.stack import Stack, created_database, migrate

HERE: Final = Path(__file__).parent
RANGES: Final[tuple[Range, ...]] = ("24h", "7d", "30d")
USER: Final = "user-7"
RUNS: Final = 45
Case = tuple[str, str, dict[str, Any]]


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
    ("fill_aggregates.sql", "fill_business.sql"),
)
MANY: Final = Fleet(
    "queries_10000", "Queries: 10,000 agents, no business", 10_000, ("fill_aggregates.sql",)
)


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
    with created_database(stack.database_url, f"bench_{uuid4().hex[:8]}") as url:
        migrate(url)
        options = f"-c timezone=UTC -c bench.agents={agents}"
        with psycopg.connect(url, autocommit=True, options=options) as connection:
            for fill in fills:
                _run_file(connection, fill)
            times: dict[str, list[float]] = {name: [] for name, _, _ in _cases()}
            for _ in range(runs):
                for name, query_name, parameters in _cases():
                    times[name].append(_explain_ms(connection, query_name, parameters))
    # The first runs plan anew and fill the caches.
    return {name: values[5:] for name, values in times.items()}


def _run_file(connection: psycopg.Connection[Any], name: str) -> None:
    # VACUUM runs in no transaction, and several statements at once are one.
    for statement in (HERE / name).read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            connection.execute(statement.encode())


def _cases() -> list[Case]:
    now = datetime.now(UTC)
    cases: list[Case] = [("platform", "platform", msgspec.structs.asdict(platform.moments_of(now)))]
    for time_range in RANGES:
        window = window_of(time_range, now)
        bounds = {"start": window.start, "stop": window.stop, "width": window.width}
        cases.append((f"historical {time_range}", window.query, {"user_id": USER, **bounds}))
    moment = now - timedelta(seconds=1)
    cases.append(("performance", "performance", {"user_id": USER, "now": moment}))
    moments = msgspec.structs.asdict(summary.moments_of(now))
    cases.append(("summary", "summary", {"user_id": USER, **moments}))
    return cases


def _explain_ms(
    connection: psycopg.Connection[Any], name: str, parameters: dict[str, Any]
) -> float:
    # A clock on each node of the plan would add a quarter to what it measures.
    explained = b"explain (analyze, timing off, format json) " + _without_comments(query(name))
    row = connection.execute(explained, parameters, prepare=True).fetchone()
    (plan,) = row[0] if row else ({},)
    return float(plan["Planning Time"] + plan["Execution Time"])


def _without_comments(text: bytes) -> bytes:
    return b"\n".join(line for line in text.splitlines() if not line.lstrip().startswith(b"--"))

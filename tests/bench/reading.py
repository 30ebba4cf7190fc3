"""What each endpoint's query costs the database, by EXPLAIN ANALYZE, prepared and warm."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import msgspec
import psycopg

from query.historical import window_of
from query.summary import moments_of
from schemas.responses import Range
from sql.migrate import migrate
from sql.queries import query
from tests.bench.figures import Figure, markdown
from tests.stack import Stack, created_database

HERE: Final = Path(__file__).parent
FILLS: Final = ("fill_aggregates.sql", "fill_business.sql")
RANGES: Final[tuple[Range, ...]] = ("24h", "7d", "30d")
Case = tuple[str, str, dict[str, Any]]


def measure_reading(stack: Stack, runs: int) -> list[str]:
    """A section of the report."""
    with created_database(stack.database_url, f"bench_{uuid4().hex[:8]}") as url:
        migrate(url)
        with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as connection:
            for fill in FILLS:
                connection.execute((HERE / fill).read_bytes())
            times: dict[str, list[float]] = {name: [] for name, _, _ in _cases()}
            for _ in range(runs):
                for name, query_name, parameters in _cases():
                    times[name].append(_explain_ms(connection, query_name, parameters))
    # The first runs plan anew and fill the caches.
    figures = [Figure(name, "ms", tuple(values[5:])) for name, values in times.items()]
    title = (
        "1,000 agents, 30 days, one user of 50 agents; summary: 500,000 fans, 1,000,000 plays in "
        "30 days; planning and execution"
    )
    return ["## Reading", "", *markdown(title, figures)]


def _cases() -> list[Case]:
    now = datetime.now(UTC)
    cases: list[Case] = []
    for time_range in RANGES:
        window = window_of(time_range, now)
        bounds = {"start": window.start, "stop": window.stop, "width": window.width}
        parameters = {"user_id": "user-7", **bounds}
        cases.append((f"historical {time_range}", window.query, parameters))
    moment = now - timedelta(seconds=1)
    cases.append(("performance", "performance", {"user_id": "user-7", "now": moment}))
    moments = msgspec.structs.asdict(moments_of(now))
    cases.append(("summary", "summary", {"user_id": "user-7", **moments}))
    return cases


def _explain_ms(
    connection: psycopg.Connection[Any], name: str, parameters: dict[str, Any]
) -> float:
    explained = b"explain (analyze, format json) " + _without_comments(query(name))
    row = connection.execute(explained, parameters, prepare=True).fetchone()
    (plan,) = row[0] if row else ({},)
    return float(plan["Planning Time"] + plan["Execution Time"])


def _without_comments(text: bytes) -> bytes:
    return b"\n".join(line for line in text.splitlines() if not line.startswith(b"--"))

"""What the queries of the service read: their plans, for one user among many agents."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, get_args
from uuid import uuid4

import msgspec
import psycopg
import pytest
from psycopg import sql as composed

from query import platform
from query.historical import window_of
from query.summary import moments_of
from schemas.responses import Range
from sql.queries import query
from tests.service import NOW
from tests.stack import Stack, created_database, migrate

# The other edition has its own, tests/community/test_plans.py.
pytestmark = pytest.mark.edition("apache")

FLEET: Final = Path(__file__).with_name("plans.sql")
LEVELS: Final = {"24h": "rollup_1h", "7d": "rollup_1h", "30d": "rollup_1d"}
LARGE: Final = {"agent_samples", "rollup_5m", "rollup_1h", "rollup_1d"}
# As in plans.sql: what 50 agents have sent since.
WATERMARK: Final = datetime(2026, 3, 10, 14, 34, tzinfo=UTC)
TAIL: Final = 50 * 6
TYPES: Final = {str: "text", datetime: "timestamptz", date: "date", timedelta: "interval"}
Node = dict[str, Any]


@pytest.fixture(scope="module")
def fleet(stack: Stack) -> Iterator[str]:
    """50 agents of each of 40 users, 30 days of them."""
    with created_database(stack.database_url, f"test_{uuid4().hex[:16]}") as url:
        migrate(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(FLEET.read_bytes())
            connection.execute("vacuum analyze")
        yield url


def scans(database: str, name: str, parameters: dict[str, Any]) -> list[Node]:
    """What a query's generic plan scans; `of` is a chunk's hypertable, and `stop` its end."""
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "select chunk_name::text, hypertable_name::text, range_end "
            "from timescaledb_information.chunks"
        ).fetchall()
        found = [
            node
            for node in _nodes(generic_plan(connection, name, parameters))
            # What appends the chunks names the hypertable; its children are what reads.
            if "Relation Name" in node and node.get("Custom Plan Provider") != "ChunkAppend"
        ]
    chunks = {chunk: (table, stop) for chunk, table, stop in rows}
    for node in found:
        node["of"], node["stop"] = chunks.get(node["Relation Name"], (node["Relation Name"], None))
    return found


def generic_plan(connection: psycopg.Connection[Any], name: str, parameters: dict[str, Any]) -> Any:
    """The plan that serves any values, after it has run once."""
    places = {key: f"${place}" for place, key in enumerate(parameters, 1)}
    text = re.sub(r"%\((\w+)\)s", lambda found: places[found[1]], query(name).decode())
    types = ", ".join(TYPES[type(value)] for value in parameters.values())
    connection.execute("set plan_cache_mode = force_generic_plan")
    connection.execute(f"prepare one ({types}) as {text}".encode())
    values = composed.SQL(", ").join(map(composed.Literal, parameters.values()))
    explain = composed.SQL("explain (format json, analyze) execute one ({})").format(values)
    (plan,) = connection.execute(explain).fetchone() or (None,)
    return plan


def was_read(node: Node) -> bool:
    """Whether a scan ran: chunks that were excluded at run time did not."""
    return bool(node["Actual Loops"])


def visited(node: Node) -> int:
    """Rows that a scan looked at."""
    names = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    return int(sum(node.get(name, 0) for name in names) * node["Actual Loops"])


def check_reads_by_key(found: list[Node]) -> None:
    """Every scan of a large table has the agents' keys in its index condition."""
    for node in found:
        if node["of"] in LARGE:
            # A bitmap's condition is that of the scan of the index below.
            conditions = [part.get("Index Cond", "") for part in _nodes(node)]
            assert any("agent_key = ANY" in condition for condition in conditions), node


@pytest.mark.parametrize("time_range", get_args(Range))
def test_history_reads_its_level_and_the_tail(fleet: str, time_range: Range) -> None:
    window = window_of(time_range, NOW)
    bounds = {"start": window.start, "stop": window.stop, "width": window.width}
    found = scans(fleet, window.query, {"user_id": "user-7", **bounds})
    assert {node["of"] for node in found} >= {"agents", LEVELS[time_range], "agent_samples"}
    check_reads_by_key(found)
    tail = [node for node in found if node["of"] == "agent_samples" and was_read(node)]
    assert all(node["stop"] > WATERMARK for node in tail)
    assert sum(map(visited, tail)) == TAIL
    # Of the levels in between, buckets from where the coarser one ends.
    fine = [node for node in found if node["of"] == "rollup_5m" and was_read(node)]
    assert sum(map(visited, fine)) == 50 * 7


def test_performance_reads_a_quarter_of_an_hour_and_the_tail(fleet: str) -> None:
    found = scans(fleet, "performance", {"user_id": "user-7", "now": NOW})
    assert {node["of"] for node in found} - {"rollup_watermark"} == {
        *("agents", "agent_latest", "agent_samples")
    }
    check_reads_by_key(found)
    read = [node for node in found if node["of"] == "agent_samples" and was_read(node)]
    assert all(node["stop"] > WATERMARK for node in read)
    assert sum(map(visited, read)) == TAIL + 50 * 89


def relations(database: str, name: str, parameters: dict[str, Any]) -> set[str]:
    """The tables that a query reads."""
    return {node["of"] for node in scans(database, name, parameters) if was_read(node)}


def test_the_summary_reads_rollups_and_two_days_of_payments(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "insert into payments select 'alice', n, %s - n * interval '1 hour', 1, 'USD' "
            "from generate_series(0, 20000) as n",
            [NOW],
        )
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("vacuum analyze payments, revenue_days")
    parameters = {"user_id": "alice", **msgspec.structs.asdict(moments_of(NOW))}
    found = {node["of"] for node in scans(database, "summary", parameters)}
    rollups = {"booking_counts", "fan_counts", "fan_days", "listening_days", "skill_counts"}
    assert found == {
        *rollups,
        "payments",
        "revenue_days",
        "revenue_totals",
        "skills",
        "skill_changes",
    }
    assert payments_read(database, parameters) <= 24


def payments_read(database: str, parameters: dict[str, object]) -> int:
    """Rows of the raw table that the summary's plan went through."""
    with psycopg.connect(database) as connection:
        explain = b"explain (format json, analyze) " + query("summary")
        plan = connection.execute(explain, parameters).fetchone()
    nodes = [n for n in _nodes(plan[0] if plan else None) if n.get("Relation Name") == "payments"]
    return sum(n["Actual Rows"] + n.get("Rows Removed by Filter", 0) for n in nodes)


def test_the_platform_reads_no_row_an_agent(fleet: str) -> None:
    """Where a refresh has counted the fleet a moment ago."""
    with psycopg.connect(fleet) as connection:
        connection.execute(query("keep_platform_summary"))
    found = relations(fleet, "platform", msgspec.structs.asdict(platform.moments_of(NOW)))
    assert found == {
        "deployment_counts",
        "platform_heartbeat_days",
        "platform_heartbeats",
        "platform_metrics_1h",
        "platform_summary",
    }


def test_the_platform_counts_where_nobody_does(fleet: str) -> None:
    with psycopg.connect(fleet) as connection:
        connection.execute("truncate platform_summary")
    found = relations(fleet, "platform", msgspec.structs.asdict(platform.moments_of(NOW)))
    assert {"agent_latest", "agent_states", "agent_samples", "rollup_1d"} <= found


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    for child in children:
        yield from _nodes(child)

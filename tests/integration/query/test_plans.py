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

from query import agents, platform
from query.paging import PagePosition
from query.points import QUERIES, query_of
from query.spans import HOUR_STEPS, Span, SpanParameters, custom_of, span_of, span_of_range
from query.summary import moments_of
from schemas.agents import Window
from schemas.history import Range, Step
from sql.named import query
from tests.support.service import NOW
from tests.support.stack import Stack, created_database, migrate

# The other edition has its own, tests/community/test_plans.py.
pytestmark = pytest.mark.edition("apache")

FLEET: Final = Path(__file__).with_name("plans.sql")
LEVELS: Final = {"24h": "rollup_1h", "7d": "rollup_1h", "30d": "rollup_1d"}
LARGE: Final = {"agent_samples", "rollup_5m", "rollup_1h", "rollup_1d"}
# As in plans.sql: what 50 agents have sent since.
WATERMARK: Final = datetime(2026, 3, 10, 14, 34, tzinfo=UTC)
TAIL: Final = 50 * 6
TYPES: Final = {
    str: "text",
    datetime: "timestamptz",
    date: "date",
    timedelta: "interval",
    int: "integer",
    type(None): "text",
}
Node = dict[str, Any]
WHOSE: Final = {"user_id": "user-7", "agent_id": None}


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
    types = ", ".join(type_of(value) for value in parameters.values())
    connection.execute("set plan_cache_mode = force_generic_plan")
    connection.execute(f"prepare one ({types}) as {text}".encode())
    values = composed.SQL(", ").join(map(composed.Literal, parameters.values()))
    explain = composed.SQL("explain (format json, analyze) execute one ({})").format(values)
    (plan,) = connection.execute(explain).fetchone() or (None,)
    return plan


def type_of(value: object) -> str:
    """How a parameter is declared; a list goes by its first, and is text without one."""
    if isinstance(value, list):
        return f"{type_of(value[0]) if value else 'text'}[]"
    return TYPES[type(value)]


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
    span = span_of_range(time_range, NOW)
    found = scans(fleet, QUERIES[span.level], {**WHOSE, **span.bounds()})
    assert {node["of"] for node in found} >= {"agents", LEVELS[time_range], "agent_samples"}
    check_reads_by_key(found)
    tail = [node for node in found if node["of"] == "agent_samples" and was_read(node)]
    assert all(node["stop"] > WATERMARK for node in tail)
    assert sum(map(visited, tail)) == TAIL
    # Of the levels in between, buckets from where the coarser one ends.
    fine = [node for node in found if node["of"] == "rollup_5m" and was_read(node)]
    assert sum(map(visited, fine)) == 50 * 7


def custom(step: Step, zone: str) -> Span:
    """Two days ago to now."""
    asked = SpanParameters(start="2026-03-08T00:00:00Z", step=step, tz=zone)
    return span_of(custom_of(asked, NOW), {})


@pytest.mark.parametrize("agent_id", [None, "agent-7"])
@pytest.mark.parametrize(
    ("step", "zone", "level"),
    [
        ("1d", "UTC", "rollup_1d"),
        ("1d", "Europe/Berlin", "rollup_1h"),
        ("1h", "Asia/Kathmandu", "rollup_5m"),
        ("15m", "UTC", "rollup_5m"),
    ],
)
def test_a_span_reads_its_level_by_key(
    fleet: str, step: Step, zone: str, level: str, agent_id: str | None
) -> None:
    span = custom(step, zone)
    whose = {"user_id": "user-7", "agent_id": agent_id}
    found = scans(fleet, QUERIES[span.level], {**whose, **span.bounds()})
    check_reads_by_key(found)
    read = [node for node in found if was_read(node)]
    assert {node["of"] for node in read} & {"rollup_5m", "rollup_1h", "rollup_1d"} >= {level}
    # Chunks that lie before the span are not read.
    assert all(node["stop"] > span.start for node in read if node["of"] in LARGE)
    agents = 50 if agent_id is None else 1
    most = agents * (7 + 2 + 3 * 24 * 12)
    assert sum(visited(node) for node in read if node["of"] in LARGE) <= most


def test_days_that_divide_hours_read_the_others_by_the_hour(fleet: str) -> None:
    name, bounds = query_of(custom("1d", "Asia/Kathmandu"))
    found = scans(fleet, name, {**WHOSE, **bounds})
    check_reads_by_key(found)
    # Of 5 minutes no more than four edges' hours, and what is not aggregated by the hour, twice.
    fine = [node for node in found if node["of"] == "rollup_5m" and was_read(node)]
    assert sum(map(visited, fine)) <= 50 * (4 * 12 + 2 * 7)


def test_the_platforms_past_reads_no_row_an_agent(fleet: str) -> None:
    with psycopg.connect(fleet, autocommit=True) as connection:
        connection.execute(
            "select count_agents_by_hour('-infinity', hours_before) from rollup_watermark"
        )
        connection.execute("vacuum analyze platform_agents_1h")
    asked = SpanParameters(start="2026-03-02T00:00:00Z", stop="2026-03-10T14:00:00Z")
    span = span_of(custom_of(asked, NOW), {}, HOUR_STEPS)
    found = relations(fleet, "platform_historical", span.bounds())
    assert found <= {"platform_metrics_1h", "platform_agents_1h", "rollup_watermark"}


def test_performance_reads_a_quarter_of_an_hour_and_the_tail(fleet: str) -> None:
    found = scans(fleet, "performance", {"user_id": "user-7", "now": NOW})
    assert {node["of"] for node in found} - {"rollup_watermark"} == {
        *("agents", "agent_latest", "agent_samples")
    }
    check_reads_by_key(found)
    read = [node for node in found if node["of"] == "agent_samples" and was_read(node)]
    assert all(node["stop"] > WATERMARK for node in read)
    assert sum(map(visited, read)) == TAIL + 50 * 89


def agents_page(user_id: str | None, window: Window) -> dict[str, Any]:
    asked = agents.AgentsQuery(user_id, None, None, window, "attention", None)
    return agents.parameters_of(asked, PagePosition(), 100, NOW)


@pytest.mark.parametrize("window", get_args(Window))
def test_a_users_list_reads_their_agents_alone(fleet: str, window: Window) -> None:
    found = scans(fleet, "list_agents", agents_page("user-7", window))
    check_reads_by_key(found)
    read = {node["of"] for node in found if was_read(node)}
    assert {"agent_latest", "agent_states", "agent_samples", "rollup_5m", "rollup_1d"} <= read
    assert ("rollup_1h" in read) == (window == "24h")
    samples = [node for node in found if node["of"] == "agent_samples" and was_read(node)]
    assert all(node["stop"] > WATERMARK for node in samples)
    # Hours for the day's window, buckets for the rest.
    assert sum(visited(node) for node in found if node["of"] == "rollup_1h") <= 50 * 24
    assert sum(visited(node) for node in found if node["of"] == "agent_summary") <= 50


def test_what_needs_attention_is_read_by_an_index(fleet: str) -> None:
    with psycopg.connect(fleet) as connection:
        connection.execute(query("keep_agent_summary"))
        # A test may take its time.
        connection.execute("update agent_summary_run set took = '1 hour'")
    found = scans(fleet, "list_agents", agents_page(None, "24h"))
    check_reads_by_key(found)
    assert sum(visited(node) for node in found if node["of"] == "agent_summary") <= 4 * 101
    assert "agent_latest" not in {node["of"] for node in found if was_read(node)}


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

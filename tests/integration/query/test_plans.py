"""Each range reads its aggregate: the plans of the very queries that the service sends."""

import json
from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import psycopg
import pytest

from query import platform
from query.historical import window_of
from query.summary import moments_of
from schemas.responses import Range
from sql.queries import query
from tests.rows import insert, sample
from tests.service import NOW

# The other edition has its own, tests/community/test_plans.py.
pytestmark = pytest.mark.edition("apache")

READS = {"24h": "agent_metrics_1h", "7d": "agent_metrics_1h", "30d": "agent_metrics_1d"}


def relations(database: str, name: str, parameters: dict[str, object]) -> set[str]:
    """The tables that the plan of a query touches; a chunk counts as its hypertable."""
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "select chunk_name::text, hypertable_name::text from timescaledb_information.chunks"
        ).fetchall()
        explain = b"explain (format json, analyze) " + query(name)
        plan = connection.execute(explain, parameters).fetchone()
    hypertables: dict[str, str] = dict(rows)
    return {hypertables.get(found, found) for found in _scanned(plan[0] if plan else None)}


def _scanned(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for one in node:
            yield from _scanned(one)
    elif isinstance(node, dict):
        if "Relation Name" in node:
            yield node["Relation Name"]
        for value in node.values():
            yield from _scanned(value)


@pytest.mark.parametrize("time_range", get_args(Range))
def test_history_never_reads_samples(database: str, time_range: Range) -> None:
    insert(database, [sample("alice/a", f"2026-03-{day:02}T14:00Z") for day in range(1, 11)])
    window = window_of(time_range, NOW)
    bounds = {"start": window.start, "stop": window.stop, "width": window.width}
    found = relations(database, window.query, {"user_id": "alice", **bounds})
    assert found == {"agents", READS[time_range]}, json.dumps(sorted(found))


def test_performance_reads_one_chunk_of_samples_by_its_key(database: str) -> None:
    insert(database, [sample("alice/a", f"2026-03-{day:02}T14:30Z") for day in range(1, 11)])
    with psycopg.connect(database) as connection:
        plan = connection.execute(
            b"explain (format json, analyze) " + query("performance"),
            {"user_id": "alice", "now": NOW},
        ).fetchone()
    scanned = set(_scanned(plan[0] if plan else None))
    assert len({name for name in scanned if name.startswith("_hyper")}) <= 1
    assert {"agents", "agent_latest"} <= scanned


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
    found = relations(database, "summary", parameters)
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


def test_the_platform_reads_no_sample_and_no_row_an_agent_and_day(database: str) -> None:
    insert(database, [sample("alice/a", f"2026-03-{day:02}T14:30Z") for day in range(1, 11)])
    found = relations(database, "platform", msgspec.structs.asdict(platform.moments_of(NOW)))
    assert found == {
        "agent_latest",
        "agent_states",
        "agent_uptime",
        "deployment_counts",
        "platform_heartbeat_days",
        "platform_heartbeats",
        "platform_metrics_1h",
    }


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    for child in children:
        yield from _nodes(child)

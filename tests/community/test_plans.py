"""Each endpoint reads its aggregate, and samples only past what is refreshed, by their key."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, get_args

import msgspec
import psycopg
import pytest

from query import platform
from query.points import QUERIES
from query.spans import span_of_range
from query.summary import moments_of
from schemas.history import Range
from sql.named import query
from tests.community.jobs import pause_jobs
from tests.community.samples import refresh
from tests.support.rows import refresh as move_watermark
from tests.support.rows import set_watermark
from tests.support.service import NOW

READS = {"24h": "agent_metrics_1h", "7d": "agent_metrics_1h", "30d": "agent_metrics_1d"}
AGENTS = 20
# Refreshed to the hour: from there to NOW, 14:35, an agent has 8 samples.
REFRESHED = NOW.replace(minute=0)
FRESH = 8
FILL = """
with made as (
    insert into agents (user_id, agent_id)
    select case n when 1 then 'alice' else 'bob' end, n::text from generate_series(1, %s) as n
    returning agent_key
)
insert into agent_samples (ts, agent_key, cpu, memory, messages, errors)
select ts, agent_key, 1, 2, 3, 0
from generate_series(%s - interval '10 days', %s, interval '5 minutes') as ts cross join made
order by ts
"""
CHUNKS = """
select
    chunk_name::text, coalesce(view_name, chunk.hypertable_name)::text, range_start, range_end
from timescaledb_information.chunks as chunk
left join timescaledb_information.continuous_aggregates
    on materialization_hypertable_name = chunk.hypertable_name
"""

Node = dict[str, Any]


@pytest.fixture(scope="module")
def connection(community: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(community, autocommit=True) as connection:
        pause_jobs(connection)
        set_watermark(community)
        connection.execute(FILL.encode(), [AGENTS, NOW, NOW])
        move_watermark(community, REFRESHED)
        refresh(connection, NOW.replace(hour=0, minute=0) - timedelta(days=11), REFRESHED)
        connection.execute("vacuum analyze")
        yield connection


def scans(connection: psycopg.Connection[Any], name: str, values: dict[str, Any]) -> list[Node]:
    """The nodes of a named query's plan that read a table, each with its hypertable and range."""
    chunks = {chunk: details for chunk, *details in connection.execute(CHUNKS.encode()).fetchall()}
    explain = b"explain (format json, analyze) " + query(name)
    plan = connection.execute(explain, values).fetchone()
    found = [
        node
        for node in nodes(plan[0] if plan else None)
        # What appends the chunks names the hypertable, and its children are the ones that read.
        if "Relation Name" in node and node.get("Custom Plan Provider") != "ChunkAppend"
    ]
    for node in found:
        relation = node["Relation Name"]
        node["of"], node["start"], node["stop"] = chunks.get(relation, (relation, None, None))
    return found


def nodes(node: Any) -> Iterator[Node]:
    """All nodes of a plan, from the top."""
    if isinstance(node, dict):
        yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    for child in children:
        yield from nodes(child)


def visited(node: Node) -> int:
    """Rows that a scan looked at."""
    names = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    return int(sum(node.get(name, 0) for name in names) * node["Actual Loops"])


@pytest.mark.parametrize("time_range", get_args(Range))
def test_history_reads_its_aggregate(
    connection: psycopg.Connection[Any], time_range: Range
) -> None:
    span = span_of_range(time_range, NOW)
    values = {"user_id": "alice", "agent_id": None, **span.bounds()}
    found = scans(connection, QUERIES[span.level], values)
    assert READS[time_range] in {node["of"] for node in found}
    raw = [node for node in found if node["of"] == "agent_samples"]
    assert all(node["stop"] > REFRESHED for node in raw)
    # Of one agent, though twenty have as many.
    assert sum(map(visited, raw)) <= FRESH


def test_performance_reads_a_quarter_of_an_hour_and_what_is_not_aggregated_by_key(
    connection: psycopg.Connection[Any],
) -> None:
    found = scans(connection, "performance", {"user_id": "alice", "now": NOW})
    raw = [node for node in found if node["of"] == "agent_samples" and node["Actual Loops"]]
    assert {node["of"] for node in found} == {
        "agents",
        "agent_latest",
        "agent_samples",
        "rollup_watermark",
    }
    assert len(raw) == 2
    assert sum(map(visited, raw)) <= FRESH + 3


def test_the_platform_reads_its_summary(connection: psycopg.Connection[Any]) -> None:
    connection.execute("select keep_platform_summary()")
    found = scans(connection, "platform", msgspec.structs.asdict(platform.moments_of(NOW)))
    # What counts the fleet is in the plan, and not executed.
    assert {node["of"] for node in found if node["Actual Loops"]} == {
        "deployment_counts",
        "platform_heartbeat_days",
        "platform_heartbeats",
        "platform_metrics_1h",
        "platform_summary",
    }


def test_the_summary_reads_no_sample(connection: psycopg.Connection[Any]) -> None:
    values = {"user_id": "alice", **msgspec.structs.asdict(moments_of(NOW))}
    assert "agent_samples" not in {node["of"] for node in scans(connection, "summary", values)}

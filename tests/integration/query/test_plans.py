"""Each range reads its aggregate: the plans of the very queries that the service sends."""

import json
from collections.abc import Iterator
from typing import Any, get_args

import psycopg
import pytest

from query.historical import window_of
from schemas.responses import Range
from sql.queries import query
from tests.rows import insert, sample
from tests.service import NOW

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

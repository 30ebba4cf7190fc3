"""Columns of samples and their sums: Python has the table, and SQL lists the same everywhere.

`sql/schema.sql` stands for the migrations; `tests/integration/sql/test_schema.py` holds it to them.
"""

import re
from pathlib import Path

import pytest

from ingest.samplecolumns import COLUMNS, COUNTS, MEASURES
from ingest.writing.aggregates import SUMS
from query.points import PointSums
from schemas.events import GAUGES
from sql.named import query
from tests.support.gauges import with_gauge

SQL = Path(__file__).parents[3] / "sql"
SCHEMA = (SQL / "schema.sql").read_text(encoding="utf-8")
PAGE = "docs/developers/sample-field.md"
# By relation: its columns other than those of the sums.
LEVELS = {
    "TYPE sample_sums AS": {"bucket", "agent_key", "up_buckets"},
    "TABLE rollup_5m": {"bucket", "agent_key", "up_buckets"},
    "TABLE rollup_1h": {"bucket", "agent_key", "up_buckets"},
    "TABLE rollup_1d": {"bucket", "agent_key", "up_buckets"},
    "TABLE platform_metrics_1h": {"bucket", "shard"},
}
# Of each level and kind of span; the first select of each lists the columns of a point.
HISTORIES = [
    "historical_5m",
    "historical_hours",
    "historical_days",
    "historical_cut_hours",
    "platform_historical",
]
# What analysts see is a separate choice.
VIEWS = SQL / "common" / "repeatable" / "60_views.sql"
LISTS = [
    file
    for file in sorted(SQL.rglob("*.sql"))
    if file != VIEWS and "migrations" not in file.parts and file.name != "schema.sql"
]


def columns(relation: str) -> dict[str, str]:
    """The columns of a table or type in sql/schema.sql, with their types."""
    found = re.search(rf"^CREATE {relation} \(\n(.*?)\n\)", SCHEMA, re.M | re.S)
    assert found, f"sql/schema.sql has no {relation}"
    return dict(re.findall(r"^\s+(\w+) (\w+)", found[1], re.M))


def test_the_table_of_samples_has_the_numbers_of_a_sample() -> None:
    expected = {
        "ts": "timestamp",
        "agent_key": "integer",
        **dict.fromkeys(COUNTS, "integer"),
        **dict.fromkeys(MEASURES, "real"),
    }
    assert columns("TABLE agent_samples") == expected, (
        f"add a migration for the fields of Sample in schemas/events.py ({PAGE}), 'make schema'"
    )


@pytest.mark.parametrize("relation", LEVELS)
def test_each_level_has_the_sums(relation: str) -> None:
    assert set(columns(relation)) == {*LEVELS[relation], *SUMS}, (
        f"add a migration for GAUGES in schemas/events.py ({PAGE}), then 'make schema'"
    )


@pytest.mark.parametrize("name", ["add_to_platform", "add_late_samples"])
def test_ingest_sends_the_sums(name: str) -> None:
    sent = set(re.findall(r"%\((\w+)\)s", query(name).decode()))
    assert set(SUMS) <= sent, f"{name} in sql/queries/samples.sql takes no {set(SUMS) - sent}"


@pytest.mark.parametrize("name", HISTORIES)
def test_a_history_reads_a_point(name: str) -> None:
    text = re.sub(r"^--.*\n", "", query(name).decode(), flags=re.M)
    found = re.findall(r"\bas (\w+)", text.partition("from (")[0])
    assert sorted(found) == sorted(PointSums.__struct_fields__), (
        f"{name} in sql/queries/historical.sql and PointSums in query/points.py differ"
    )


def test_a_point_has_the_sums_of_each_gauge() -> None:
    expected = {name for name in SUMS if name != "samples"} | {"timestamp", "agents"}
    assert set(PointSums.__struct_fields__) == expected, "PointSums in query/points.py"


@pytest.mark.parametrize("file", LISTS, ids=lambda file: str(file.relative_to(SQL)))
def test_each_list_has_every_gauge(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for part in ("samples", "sum", "max"):
        found = {gauge: len(re.findall(rf"\b{gauge}_{part}\b", text)) for gauge in GAUGES}
        assert len(set(found.values())) == 1, (
            f"a list in {file} lacks a gauge of schemas/events.py: {found} times *_{part} ({PAGE})"
        )


def test_a_gauge_is_a_measure_of_a_sample() -> None:
    assert set(GAUGES) <= set(MEASURES) <= set(COLUMNS), "GAUGES in schemas/events.py"


CASES = {
    "select a, cpu_sum, memory_sum, b from x": "select a, cpu_sum, memory_sum, b, wait_sum from x",
    # A sum of sums is one item; only lists with the other gauge are lists of sums.
    "f(max(cpu_max), max(memory_max))": "f(max(cpu_max), max(memory_max), max(wait_max))",
    "g(d.memory_sum, p.memory_sum)": "g(d.memory_sum, p.memory_sum)",
    "(messages, cpu, memory, c)": "(messages, cpu, memory, c, wait)",
    "(ts, cpu, memory, c)": "(ts, cpu, memory, c)",
}


@pytest.mark.parametrize("sql", CASES)
def test_a_gauge_is_added_at_the_end_of_lists(sql: str) -> None:
    assert with_gauge(sql, "wait") == CASES[sql]

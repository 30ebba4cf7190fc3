"""The views: the tables' own figures with text ids, whatever they were made from before."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from sql.migrate import MigrationError
from tests.support.rows import Row, agent_keys, copy, insert, sample
from tests.support.stack import Stack, created_database, migrate

VIEWS = ("samples", "metrics_24h", "metrics_7d", "metrics_30d", "fleet_1h", "agents_now")
AGGREGATES = {
    "metrics_24h": "agent_metrics_5m",
    "metrics_7d": "agent_metrics_1h",
    "metrics_30d": "agent_metrics_1d",
}
OF_FLEET = (
    "samples, cpu_samples, cpu_sum, cpu_max, memory_samples, memory_sum, memory_max, messages, "
    "errors, response_ms_sum, response_messages"
)
KEPT = f"{OF_FLEET}, up_buckets"
START = datetime(2026, 3, 9, 22, 50, tzinfo=UTC)


def ask(connection: psycopg.Connection[Any], query: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode(), values).fetchall()


@pytest.fixture(scope="module")
def migrated(stack: Stack) -> Iterator[str]:
    with created_database(stack.database_url, f"test_{uuid4().hex[:16]}") as url:
        migrate(url)
        yield url


@pytest.fixture
def connection(migrated: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection whose work is undone at the end."""
    with psycopg.connect(migrated) as connection:
        yield connection
        connection.rollback()


@pytest.fixture(scope="module")
def random_history(migrated: str) -> str:
    """Two hours around midnight of agents of the same names under two users."""
    random = Random(4)
    insert(
        migrated,
        [
            Row(
                agent,
                START + timedelta(seconds=37 * step),
                cpu=random.uniform(0, 100),
                memory=random.uniform(0, 100),
                messages=random.randrange(50),
                errors=random.randrange(3),
                response_ms=random.choice([None, random.uniform(1, 900)]),
            )
            for agent in ("alice/a1", "alice/a2", "bob/a1")
            for step in range(200)
        ],
    )
    return migrated


@pytest.mark.parametrize(("view", "table"), AGGREGATES.items())
def test_a_metrics_view_is_its_aggregate(random_history: str, view: str, table: str) -> None:
    with psycopg.connect(random_history) as connection:
        shown = ask(connection, f"select time, agent_key, {KEPT} from {view} order by 1, 2")  # noqa: S608
        kept = ask(connection, f"select bucket, agent_key, {KEPT} from {table} order by 1, 2")  # noqa: S608
        assert shown == kept
        assert len(shown) >= 6
        means = ask(
            connection,
            "select cpu_avg = cpu_sum / cpu_samples "  # noqa: S608
            "and memory_avg = memory_sum / memory_samples "
            f"and response_ms_avg = response_ms_sum / response_messages from {view}",
        )
        assert set(means) == {(True,)}


@pytest.mark.parametrize("view", [view for view in VIEWS if view != "fleet_1h"])
def test_ids_are_those_of_the_key(random_history: str, view: str) -> None:
    with psycopg.connect(random_history) as connection:
        shown = ask(connection, f"select distinct agent_key, user_id, agent_id from {view}")  # noqa: S608
        assert sorted(shown) == ask(connection, "select * from agents order by agent_key")


def test_samples_are_the_samples(random_history: str) -> None:
    figures = "cpu, memory, messages, errors, response_ms, storage_used_mb, storage_total_mb"
    with psycopg.connect(random_history) as connection:
        shown = ask(connection, f"select time, agent_key, {figures} from samples order by 1, 2")  # noqa: S608
        assert shown == ask(
            connection,
            f"select ts, agent_key, {figures} from agent_samples order by 1, 2",  # noqa: S608
        )
        assert len(shown) == 600


def test_the_fleet_is_the_sum_of_agents_and_shards(
    connection: psycopg.Connection[Any],
) -> None:
    connection.execute("truncate platform_metrics_1h")
    for shard in range(3):
        rows = [
            (START + timedelta(minutes=7 * step), 100 + shard, 9.5 + shard, 20.25, 4, 1, 80.0)
            for step in range(40)
        ]
        copy(connection, rows, shard)
    shown = ask(connection, f"select time, {OF_FLEET} from fleet_1h order by time")  # noqa: S608
    assert shown == ask(
        connection,
        """
        select bucket, sum(samples)::bigint, sum(cpu_samples)::bigint, sum(cpu_sum), max(cpu_max),
            sum(memory_samples)::bigint, sum(memory_sum), max(memory_max),
            sum(messages)::bigint, sum(errors)::bigint, sum(response_ms_sum),
            sum(response_messages)::bigint
        from agent_metrics_1h where agent_key between 100 and 102
        group by bucket order by bucket
        """,
    )
    means = "select distinct cpu_avg, memory_avg, response_ms_avg, error_percent from fleet_1h"
    assert ask(connection, means) == [(10.5, 20.25, 80.0, 25.0)]


@pytest.mark.parametrize("view", [*AGGREGATES, "fleet_1h"])
@pytest.mark.parametrize(
    ("messages", "errors", "percent"),
    [(0, 0, None), (0, 3, 100), (10, 0, 0), (8, 1, 12.5), (10, 10, 100), (10, 25, 100)],
)
def test_error_percent(
    connection: psycopg.Connection[Any], view: str, messages: int, errors: int, percent: float
) -> None:
    connection.execute("truncate platform_metrics_1h")
    (key,) = agent_keys(connection, ["carol/c1"]).values()
    copy(connection, [(START, key, 1, 1, messages, errors, None)])
    where = "true" if view == "fleet_1h" else "user_id = 'carol'"
    found = ask(connection, f"select error_percent, response_ms_avg from {view} where {where}")  # noqa: S608
    assert found == [(percent, None)]


@pytest.mark.parametrize(
    ("status", "sample_after_s", "state"),
    [
        (None, 0, "running"),
        (None, None, "running"),
        ("running", None, "running"),
        ("running", -90, "running"),
        ("stopped", None, "stopped"),
        ("stopped", 30, "stopped"),
        ("stopped", 31, "running"),
        ("failed", -1, "failed"),
        ("failed", 30, "failed"),
        ("failed", 31, "running"),
        ("removed", 3600, "removed"),
        ("removed", None, "removed"),
    ],
)
def test_state(
    connection: psycopg.Connection[Any],
    status: str | None,
    sample_after_s: int | None,
    state: str,
) -> None:
    (key,) = agent_keys(connection, ["dora/d1"]).values()
    if status:
        connection.execute(
            "insert into agent_states values (%s, %s, %s, 'why')", [key, START, status]
        )
    newest = None
    if sample_after_s is not None:
        newest = START + timedelta(seconds=sample_after_s)
        connection.execute(
            "insert into agent_latest values (%s, %s, %s, 1, 2, %s, 30, 40)",
            [key, START - timedelta(days=9), newest, newest],
        )
    found = ask(
        connection,
        "select state, status, status_time, time, first_seen, storage_percent from agents_now "
        "where user_id = 'dora'",
    )
    last_status = (status, START if status else None)
    known = (newest, START - timedelta(days=9), 75.0) if newest else (None, None, None)
    assert found == [(state, *last_status, *known)]


def test_storage_of_nothing_has_no_percent(connection: psycopg.Connection[Any]) -> None:
    (key,) = agent_keys(connection, ["dora/d2"]).values()
    connection.execute(
        "insert into agent_latest values (%s, now(), now(), 1, 2, now(), 0, 0)", [key]
    )
    assert ask(connection, "select storage_percent from agents_now where agent_id = 'd2'") == [
        (None,)
    ]


def columns(database: str) -> dict[str, dict[str, str]]:
    """Names and types of each view's columns, in their order."""
    with psycopg.connect(database) as connection:
        rows = ask(
            connection,
            "select table_name::text, column_name::text, data_type::text "
            "from information_schema.columns where table_name = any(%s) order by ordinal_position",
            list(VIEWS),
        )
    found: dict[str, dict[str, str]] = {}
    for view, column, data_type in rows:
        found.setdefault(view, {})[column] = data_type
    return found


def test_columns(migrated: str) -> None:
    found = columns(migrated)
    assert set(found) == set(VIEWS)
    for view, types in found.items():
        assert next(iter(types)) == "time", view
        assert types["time"] == "timestamp with time zone", view
        # A numeric one would be a string in a client's JSON.
        assert "numeric" not in types.values(), view
        if view != "fleet_1h":
            assert (types["user_id"], types["agent_id"], types["agent_key"]) == (
                "text",
                "text",
                "integer",
            )


def test_older_views_are_recreated(database: str, migrated: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("drop view samples, metrics_7d, fleet_1h")
        connection.execute("create view samples as select 1 as gone, ts as time from agent_samples")
        connection.execute("create view metrics_7d as select 'x' as time")
    migrate(database)
    assert columns(database) == columns(migrated)
    with psycopg.connect(database) as connection:
        granted = ask(
            connection,
            "select relname::text from pg_class where relkind = 'v' and relname = any(%s) "
            "and has_table_privilege('fleetgauge_analyst', oid, 'select') "
            "and obj_description(oid, 'pg_class') is not null",
            list(VIEWS),
        )
    assert {view for (view,) in granted} == set(VIEWS)


def test_what_others_built_upon_the_views_stays(database: str) -> None:
    insert(database, [sample("alice/a1", "2026-03-10T14:05Z", messages=3)])
    with psycopg.connect(database) as connection:
        connection.execute("create view report as select sum(messages) as m from metrics_7d")
    migrate(database)
    with psycopg.connect(database) as connection:
        assert ask(connection, "select m::integer from report") == [(3,)]


def test_what_hinders_a_change_is_named(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("drop view samples")
        connection.execute("create view samples as select ts, cpu from agent_samples")
        connection.execute("create view report as select max(cpu) from samples")
    with pytest.raises(
        MigrationError, match=r"(?s)^60_views\.sql: .*report depends on view samples"
    ):
        migrate(database)

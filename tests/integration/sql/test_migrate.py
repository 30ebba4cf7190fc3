"""Migrations: once each, from any number of processes, leaving every relation explained."""

import multiprocessing
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from sql.edition import Edition, read_edition
from sql.migrate import MigrationError, pending
from sql.migrate import migrate as run_migrations
from tests.support.stack import Stack, database_settings, migrate, server_edition

METRICS = {
    "bucket": "timestamp with time zone",
    "samples": "bigint",
    "cpu_samples": "bigint",
    "cpu_sum": "double precision",
    "cpu_max": "real",
    "memory_samples": "bigint",
    "memory_sum": "double precision",
    "memory_max": "real",
    "messages": "bigint",
    "errors": "bigint",
    "response_ms_sum": "double precision",
    "response_messages": "bigint",
    "up_buckets": "bigint",
}
# What everything above `sql/` relies on, in both editions; sums that were numeric would turn into
# strings in JSON.
TYPES: dict[str, dict[str, str]] = {
    "agents": {"agent_key": "integer", "user_id": "text", "agent_id": "text"},
    "agent_samples": {
        "ts": "timestamp with time zone",
        "agent_key": "integer",
        "cpu": "real",
        "memory": "real",
        "messages": "integer",
        "errors": "integer",
        "response_ms": "real",
        "storage_used_mb": "real",
        "storage_total_mb": "real",
    },
    "agent_metrics_5m": {"agent_key": "integer", **METRICS},
    "agent_metrics_1h": {"agent_key": "integer", **METRICS},
    "agent_metrics_1d": {"agent_key": "integer", **METRICS},
    "platform_metrics_1h": {
        "shard": "integer",
        **{name: type_ for name, type_ in METRICS.items() if name != "up_buckets"},
    },
}

UNCOMMENTED_RELATIONS = """
select relname from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'm', 'p')
    and relname <> 'schema_migrations'
    and not exists (select from pg_depend where objid = pg_class.oid and deptype = 'e')
    and obj_description(oid, 'pg_class') is null
"""
UNCOMMENTED_COLUMNS = """
select relname || '.' || attname from pg_class join pg_attribute on attrelid = pg_class.oid
where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'm', 'p')
    and relname <> 'schema_migrations'
    and not exists (select from pg_depend where objid = pg_class.oid and deptype = 'e')
    and attnum > 0 and not attisdropped and col_description(pg_class.oid, attnum) is null
"""

# A statement trigger with a transition table makes COPY log no invalidations on TimescaleDB 2.23
# and newer. TimescaleDB's own triggers call functions in its schema.
TRIGGERS_ON_SAMPLES = """
select tgname::text from pg_trigger
join pg_proc on pg_proc.oid = tgfoid
where tgrelid = 'agent_samples'::regclass and pronamespace = 'public'::regnamespace
"""
# Columns of a relation or type: name, type.
COLUMNS_OF = """
select attname::text, format_type(atttypid, atttypmod)
from pg_attribute
where attrelid = (select typrelid from pg_type where oid = %s::regtype)
    and attnum > 0 and not attisdropped
order by attnum
"""

CREATED_BEFORE_CLAIMS = """
select max(pg_trigger.oid) < 'server_identity'::regproc
from pg_trigger join pg_class on pg_class.oid = tgrelid
where relnamespace = 'public'::regnamespace
"""


def values(database: str, query: str, *parameters: Any) -> list[Any]:
    """The first column of a query's rows."""
    with psycopg.connect(database) as connection:
        return [row[0] for row in connection.execute(query.encode(), parameters).fetchall()]


def test_pending_before_and_after(empty_database: str) -> None:
    names = pending(database_settings(empty_database))
    assert names == sorted(names)
    assert names[0] == "0001_agents"
    migrate(empty_database)
    assert pending(database_settings(empty_database)) == []


def test_a_second_time_changes_nothing(database: str) -> None:
    ran = values(database, "select version from schema_migrations order by version")
    assert migrate(database) is server_edition()
    assert values(database, "select version from schema_migrations order by version") == ran


def test_what_a_newer_version_has_migrated_is_left_alone(database: str) -> None:
    """This version's views would take the place of newer ones."""
    with psycopg.connect(database) as connection:
        connection.execute("insert into schema_migrations values ('9999')")
    with pytest.raises(MigrationError, match=r"a newer fleetgauge has migrated .*9999"):
        migrate(database)


def test_a_migration_that_fails_is_named(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("delete from schema_migrations where version = '0006'")
    named = r"^0006_upkeep\.sql: .* already exists"
    with pytest.raises(MigrationError, match=named):
        migrate(database)


def test_an_encoding_without_a_place_for_all_texts_is_refused(stack: Stack) -> None:
    name = f"test_{uuid4().hex[:16]}"
    latin = SQL("create database {} encoding 'LATIN1' locale 'C' template template0")
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute(latin.format(Identifier(name)))
        try:
            with pytest.raises(MigrationError, match=r"encoding is LATIN1.*encoding 'UTF8'"):
                migrate(urlsplit(stack.database_url)._replace(path=f"/{name}").geturl())
        finally:
            connection.execute(SQL("drop database {}").format(Identifier(name)))


def test_each_migration_is_reported(empty_database: str) -> None:
    reported: list[tuple[int, int]] = []
    missing = len(pending(database_settings(empty_database)))
    run_migrations(database_settings(empty_database), lambda *counts: reported.append(counts))
    assert sorted({done for done, _ in reported}) == list(range(missing + 1))
    assert {of for _, of in reported} == {missing}


def test_ingest_can_claim_nothing_before_every_trigger_is_there(database: str) -> None:
    """Each claim asks server_identity(): a function that is created after the last trigger."""
    assert values(database, CREATED_BEFORE_CLAIMS) == [True]


def test_no_trigger_on_the_samples(database: str) -> None:
    assert values(database, TRIGGERS_ON_SAMPLES) == []


@pytest.mark.parametrize(
    "relation",
    [
        *("rollup_5m", "rollup_1h", "rollup_1d", "rollup_tail"),
        *("agent_metrics_5m", "agent_metrics_1h", "agent_metrics_1d"),
    ],
)
def test_every_level_has_the_columns_of_a_sum(database: str, relation: str) -> None:
    """Rows of sample_sums are inserted by position."""
    with psycopg.connect(database) as connection:
        sums = connection.execute(COLUMNS_OF, ["sample_sums"]).fetchall()
        assert len(sums) == len(METRICS) + 1
        assert connection.execute(COLUMNS_OF, [relation]).fetchall() == sums


@pytest.mark.parametrize("view", ["agent_tail", "agent_newest"])
def test_newest_samples_have_the_columns_of_the_table(database: str, view: str) -> None:
    with psycopg.connect(database) as connection:
        kept = connection.execute(COLUMNS_OF, ["agent_latest"]).fetchall()
        assert connection.execute(COLUMNS_OF, [view]).fetchall() == kept


def migrate_together(barrier: Barrier, database: str) -> Edition:
    """Migrates as soon as all the others are about to."""
    barrier.wait(60)
    return migrate(database)


def test_four_processes_at_once(empty_database: str) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(4) as processes:
        calls = [(manager.Barrier(4), empty_database)] * 4
        editions = processes.starmap(migrate_together, calls, chunksize=1)
    assert editions == [server_edition()] * 4
    assert pending(database_settings(empty_database)) == []


def test_the_edition_is_the_servers(database: str) -> None:
    with psycopg.connect(database) as connection:
        assert read_edition(connection) is server_edition()


@pytest.mark.parametrize("query", [UNCOMMENTED_RELATIONS, UNCOMMENTED_COLUMNS])
def test_everything_is_commented(database: str, query: str) -> None:
    assert values(database, query) == []


@pytest.mark.parametrize(("relation", "columns"), TYPES.items())
def test_types(database: str, relation: str, columns: dict[str, str]) -> None:
    with psycopg.connect(database) as connection:
        found = connection.execute(
            "select column_name::text, data_type::text from information_schema.columns "
            "where table_schema = 'public' and table_name = %s",
            [relation],
        ).fetchall()
    assert dict(found) == columns


@pytest.mark.edition("apache")
@pytest.mark.parametrize(
    ("relation", "days"),
    [
        ("agent_samples", 1),
        ("rollup_5m", 7),
        ("rollup_1h", 7),
        ("rollup_1d", 90),
    ],
)
def test_chunks(database: str, relation: str, days: int) -> None:
    found = values(
        database,
        "select extract(day from time_interval)::int from timescaledb_information.dimensions "
        "where hypertable_name = %s",
        relation,
    )
    assert found == [days]

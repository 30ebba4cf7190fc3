"""Migrations on the community edition: the same relations, and what keeps them."""

from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from schemas.settings import DatabaseSettings
from sql.edition import Edition, EditionError
from sql.migrate import migrate, pending
from tests.community.server import empty_community_database
from tests.integration.sql.test_migrate import (
    COLUMNS_OF,
    CREATED_BEFORE_CLAIMS,
    METRICS,
    TRIGGERS_ON_SAMPLES,
    UNCOMMENTED_COLUMNS,
    UNCOMMENTED_RELATIONS,
)
from tests.support.rollups import LEVELS
from tests.support.stack import database_settings

JOBS = """
select proc_name::text, coalesce(hypertable_name::text, ''), schedule_interval::text,
    config - 'hypertable_id'
from timescaledb_information.jobs
where job_id >= 1000
order by 1, 2
"""
COLUMNS = """
select table_name::text, column_name::text, data_type::text
from information_schema.columns
where table_schema = 'public'
    and table_name not in ('metrics_refreshes', 'late_buckets', 'refresh_ranges')
    and table_name not in ('rollup_5m', 'rollup_1h', 'rollup_1d', 'rollup_tail', 'rollup_open')
    and table_name not in (
        select relname from pg_class join pg_depend on objid = pg_class.oid where deptype = 'e'
    )
order by 1, 2
"""


def rows(database: str, query: str) -> list[Any]:
    """What a query answers."""
    with psycopg.connect(database, prepare_threshold=None) as connection:
        return connection.execute(query.encode()).fetchall()


def test_the_set_is_the_servers(community: str) -> None:
    assert pending(database_settings(community)) == []
    assert migrate(database_settings(community)) is Edition.COMMUNITY
    versions = {
        version[:2] for (version,) in rows(community, "select version from schema_migrations")
    }
    assert versions == {"00", "02"}


def test_ingest_can_claim_nothing_before_every_trigger_is_there(community: str) -> None:
    assert rows(community, CREATED_BEFORE_CLAIMS) == [(True,)]


def test_no_trigger_of_ours_on_the_samples(community: str) -> None:
    assert rows(community, TRIGGERS_ON_SAMPLES) == []


@pytest.mark.parametrize(
    ("relation", "like"),
    [
        *((level, "sample_sums") for level in LEVELS),
        *((view, "agent_latest") for view in ("agent_tail", "agent_newest")),
    ],
)
def test_levels_and_views_have_the_columns_of_their_type(
    community: str, relation: str, like: str
) -> None:
    with psycopg.connect(community, prepare_threshold=None) as connection:
        expected = connection.execute(COLUMNS_OF, [like]).fetchall()
        assert connection.execute(COLUMNS_OF, [relation]).fetchall() == expected
    assert like == "agent_latest" or len(expected) == len(METRICS) + 1


@pytest.mark.parametrize("query", [UNCOMMENTED_RELATIONS, UNCOMMENTED_COLUMNS])
def test_everything_is_commented(community: str, query: str) -> None:
    assert rows(community, query) == []


def test_both_editions_have_the_same_relations_and_types(
    community: str, apache_database: str
) -> None:
    assert rows(community, COLUMNS) == rows(apache_database, COLUMNS)


def test_aggregates_work_the_newest_out_while_they_are_asked(community: str) -> None:
    query = (
        "select view_name::text, materialized_only, time_interval::text "
        "from timescaledb_information.continuous_aggregates as aggregate "
        "join timescaledb_information.dimensions as dimension "
        "on dimension.hypertable_name = aggregate.materialization_hypertable_name "
        "order by 1"
    )
    assert rows(community, query) == [
        ("agent_metrics_1d", False, "90 days"),
        ("agent_metrics_1h", False, "7 days"),
        ("agent_metrics_5m", False, "1 day"),
    ]


def jobs(*, refresh_start: str, compress: str) -> list[Any]:
    """What `JOBS` finds with these windows."""
    after = {
        "agent_samples": "3 days",
        "agent_metrics_5m": compress,
        "agent_metrics_1h": compress,
    }
    return [
        ("compress_chunks", "", "12:00:00", {"after": after}),
        (
            "refresh_metrics",
            "",
            "00:00:30",
            {"late_time": "00:00:15", "refresh_start": refresh_start},
        ),
    ]


def test_the_windows_are_the_settings_and_follow_them() -> None:
    with empty_community_database() as url:
        migrate(database_settings(url))
        assert rows(url, JOBS) == jobs(refresh_start="32 days", compress="33 days")
        # A policy that somebody added by hand goes.
        rows(url, "select add_retention_policy('agent_samples', interval '35 days')")
        ids = dict(rows(url, "select proc_name::text, job_id from timescaledb_information.jobs"))
        longer = DatabaseSettings(
            database_url=SecretStr(url),
            lateness_limit_days=40,
            refresh_start_days=41,
            raw_retention_days=50,
            metrics_5m_retention_days=100,
            metrics_1h_retention_days=400,
        )
        for _ in range(2):
            migrate(longer)
            assert rows(url, JOBS) == jobs(refresh_start="41 days", compress="42 days")
        kept = dict(rows(url, "select proc_name::text, job_id from timescaledb_information.jobs"))
        for ours in ("refresh_metrics", "compress_chunks"):
            assert kept[ours] == ids[ours]


@pytest.mark.parametrize(
    ("made_on", "version", "setting"),
    [("apache", "0101", "'apache'"), ("community", "0201", "'timescale'")],
)
def test_a_database_stays_with_its_edition(
    made_on: str, version: str, setting: str, request: pytest.FixtureRequest
) -> None:
    other = "apache_database" if made_on == "community" else "community"
    url = request.getfixturevalue(other)
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        connection.execute("insert into schema_migrations values (%s)", [version])
        try:
            with pytest.raises(EditionError, match=rf"on TimescaleDB's {made_on} .*{setting}"):
                migrate(database_settings(url))
        finally:
            connection.execute("delete from schema_migrations where version = %s", [version])

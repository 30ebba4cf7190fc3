"""Databases of a benchmark: migrated for Fleetgauge, empty for peers."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import uuid4

import psycopg
from psycopg import sql

from tests.bench.writing.geometry import Geometry, agent_ids
from tests.bench.writing.progress import StalledError
from tests.support.stack import Stack, created_database, migrate

WATERMARK = """
update rollup_watermark set (frontier, watermark, hours_before) = (
    %(at)s, %(at)s, date_trunc('hour', %(at)s, 'UTC')
)
"""

# The community edition's levels, the finest first: the others depend on it.
AGGREGATES = """
select view_name from timescaledb_information.continuous_aggregates
where view_schema = current_schema() order by view_name = 'agent_metrics_5m' desc
"""
DROP_JOBS = "select delete_job(job_id) from timescaledb_information.jobs where job_id >= 1000"


@contextmanager
def empty_database(stack: Stack) -> Iterator[str]:
    """The URL of a database with TimescaleDB only."""
    with created_database(stack.database_url, f"bench_{uuid4().hex[:8]}") as url:
        yield url


@contextmanager
def migrated_database(stack: Stack, geometry: Geometry) -> Iterator[str]:
    """The URL of a migrated database with the agents, and the watermark before on-time rows."""
    with empty_database(stack) as url:
        migrate(url)
        users, agents = zip(*agent_ids(geometry.agents), strict=True)
        with psycopg.connect(url) as connection:
            connection.execute(
                "insert into agents (user_id, agent_id) "
                "select * from unnest(%s::text[], %s::text[])",
                [list(users), list(agents)],
            )
        set_watermark(url, geometry.oldest_on_time())
        yield url


def check_stored(url: str, rows: int) -> None:
    """Raise StalledError unless exactly `rows` samples are stored."""
    with psycopg.connect(url) as connection:
        ((found,),) = connection.execute("select count(*) from agent_samples").fetchall()
    if found != rows:
        raise StalledError(f"{found:,} rows are stored, not {rows:,}")


def set_watermark(url: str, at: datetime) -> None:
    """Set the watermark of an empty database, as if all samples before were aggregated."""
    with psycopg.connect(url) as connection:
        connection.execute(WATERMARK, {"at": at})


def drop_aggregates(url: str) -> None:
    """Drop aggregates and jobs, so that only the hypertable remains."""
    with psycopg.connect(url) as connection:
        connection.execute(DROP_JOBS)
        for (name,) in connection.execute(AGGREGATES).fetchall():
            drop = sql.SQL("drop materialized view if exists {} cascade")
            connection.execute(drop.format(sql.Identifier(name)))

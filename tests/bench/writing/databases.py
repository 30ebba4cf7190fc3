"""Databases of a benchmark: migrated for Fleetgauge, empty for others."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from psycopg import sql

from tests.bench.writing.geometry import Geometry, agent_ids
from tests.bench.writing.progress import StalledError
from tests.stack import Stack, created_database, migrate

# The statement triggers: those of rows are TimescaleDB's own.
TRIGGERS = """
select tgname from pg_trigger
where tgrelid = 'agent_samples'::regclass and not tgisinternal and tgtype & 1 = 0
"""

# The community edition's levels, the finest first: the others are made of it.
AGGREGATES = """
select view_name from timescaledb_information.continuous_aggregates
where view_schema = current_schema() order by view_name = 'agent_metrics_5m' desc
"""
DROP_JOBS = "select delete_job(job_id) from timescaledb_information.jobs where job_id >= 1000"


@contextmanager
def empty_database(stack: Stack) -> Iterator[str]:
    """One with TimescaleDB and nothing else."""
    with created_database(stack.database_url, f"bench_{uuid4().hex[:8]}") as url:
        yield url


@contextmanager
def migrated_database(stack: Stack, geometry: Geometry) -> Iterator[str]:
    """One that knows the agents, keys in their order."""
    with empty_database(stack) as url:
        migrate(url)
        users, agents = zip(*agent_ids(geometry.agents), strict=True)
        with psycopg.connect(url) as connection:
            connection.execute(
                "insert into agents (user_id, agent_id) "
                "select * from unnest(%s::text[], %s::text[])",
                [list(users), list(agents)],
            )
        yield url


def check_stored(url: str, rows: int) -> None:
    """Raises StalledError unless there are just so many samples."""
    with psycopg.connect(url) as connection:
        ((found,),) = connection.execute("select count(*) from agent_samples").fetchall()
    if found != rows:
        raise StalledError(f"{found:,} rows are stored, not {rows:,}")


def drop_triggers(url: str) -> None:
    """Samples that are written from here on change nothing else."""
    with psycopg.connect(url) as connection:
        for (trigger,) in connection.execute(TRIGGERS).fetchall():
            drop = sql.SQL("drop trigger {} on agent_samples").format(sql.Identifier(trigger))
            connection.execute(drop)


def drop_aggregates(url: str) -> None:
    """Leaves a hypertable that nothing is kept beside, and that no job looks after."""
    drop_triggers(url)
    with psycopg.connect(url) as connection:
        connection.execute(DROP_JOBS)
        for (name,) in connection.execute(AGGREGATES).fetchall():
            drop = sql.SQL("drop materialized view if exists {} cascade")
            connection.execute(drop.format(sql.Identifier(name)))

"""COPY into the samples, as the writer does it, reaches every level, late samples too.

By the writer's own bytes and statement, on tables without statement triggers: with one that has a
transition table, TimescaleDB 2.23 to 2.29.2 may log nothing of a COPY.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import psycopg
import pytest

from ingest.copy import encode_samples
from sql.queries import query
from tests.bench.writing.databases import drop_triggers
from tests.community.jobs import pause_jobs, run_job
from tests.community.samples import compress, refresh
from tests.community.server import community_database
from tests.rollups import LEVELS

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection[Any]]:
    with community_database() as url:
        drop_triggers(url)
        with psycopg.connect(url, autocommit=True) as connection:
            pause_jobs(connection)
            yield connection


def copy(connection: psycopg.Connection[Any], times: list[datetime]) -> None:
    """One batch: a sample of two agents at each of these times."""
    stamps = [(int(ts.timestamp() * 1e6), agent) for agent in (1, 2) for ts in sorted(times)]
    ts, agents = zip(*stamps, strict=True)
    told = [None if n % 3 else 1.5 for n in range(len(stamps))]
    frame = pl.DataFrame(
        {"ts": ts, "agent_key": agents, "messages": 3, "errors": 1, "response_ms": told},
        schema_overrides={
            "agent_key": pl.Int32,
            "messages": pl.Int32,
            "errors": pl.Int32,
            "response_ms": pl.Float32,
        },
    ).with_columns(
        pl.lit(2.5, pl.Float32).alias(name)
        for name in ("cpu", "memory", "storage_used_mb", "storage_total_mb")
    )
    with connection.cursor() as cursor, cursor.copy(query("copy_samples")) as rows:
        for piece in encode_samples(frame):
            rows.write(piece)


def note(connection: psycopg.Connection[Any], times: list[datetime]) -> None:
    """What the writer notes of late samples."""
    connection.execute(
        "insert into late_buckets (bucket) "
        "select distinct time_bucket('5 minutes', ts) from unnest(%s::timestamptz[]) as ts "
        "where ts < now() - late_after()",
        [times],
    )


def check(connection: psycopg.Connection[Any]) -> None:
    """Each level has the samples, messages and response times of the raw rows."""
    sums = "select count(*), sum(messages), count(response_ms) * 3 from agent_samples"
    raw = connection.execute(sums.encode()).fetchone()
    for relation in LEVELS:
        text = f"select sum(samples), sum(messages), sum(response_messages) from {relation}"  # noqa: S608
        assert connection.execute(text.encode()).fetchone() == raw, relation


def test_the_job_refreshes_what_was_copied(connection: psycopg.Connection[Any]) -> None:
    copy(connection, [NOW - n * 7 * MINUTE for n in range(600)])
    run_job(connection, "refresh_metrics")
    check(connection)
    for number, late in enumerate((20 * MINUTE, 3 * HOUR, 40 * HOUR, 20 * DAY)):
        times = [NOW - late + timedelta(seconds=7 + number), NOW + timedelta(seconds=number + 1)]
        with connection.transaction():
            copy(connection, times)
            note(connection, times)
        run_job(connection, "refresh_metrics")
        check(connection)


def test_timescaledb_logs_what_was_copied(connection: psycopg.Connection[Any]) -> None:
    """Without any note, also into chunks of the columnstore."""
    refresh(connection, NOW - 30 * DAY, NOW)
    compress(connection, "agent_samples")
    copy(connection, [NOW - n * 5 * HOUR + timedelta(seconds=31) for n in range(20)])
    refresh(connection, NOW - 30 * DAY, NOW)
    check(connection)


def test_a_copy_that_fails_stores_nothing(connection: psycopg.Connection[Any]) -> None:
    before = connection.execute("select count(*) from agent_samples").fetchone()
    there = connection.execute("select min(ts) from agent_samples").fetchone()
    assert there is not None
    with pytest.raises(psycopg.errors.UniqueViolation):
        copy(connection, [there[0], there[0] + timedelta(seconds=1)])
    assert connection.execute("select count(*) from agent_samples").fetchone() == before
    check(connection)

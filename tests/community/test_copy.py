"""COPY into the samples, as the writer does it, reaches every level, late samples too.

By the writer's own bytes and statements, on a table without statement triggers: with one that has a
transition table, TimescaleDB 2.23 to 2.29.2 may log nothing of a COPY.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.community.jobs import pause_jobs, run_job
from tests.community.samples import compress, refresh
from tests.community.server import community_database
from tests.support.rollups import LEVELS
from tests.support.rows import copy as copy_rows
from tests.support.rows import set_watermark

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection[Any]]:
    with community_database() as url, psycopg.connect(url, autocommit=True) as connection:
        pause_jobs(connection)
        set_watermark(url, NOW)
        yield connection


def copy(connection: psycopg.Connection[Any], times: list[datetime]) -> None:
    """One batch: a sample of two agents at each of these times."""
    stamps = [(ts, agent) for agent in (1, 2) for ts in sorted(times)]
    response_times = [None if n % 3 else 1.5 for n in range(len(stamps))]
    rows = [(*stamp, 2.5, 2.5, 3, 1, ms) for stamp, ms in zip(stamps, response_times, strict=True)]
    with connection.transaction():
        copy_rows(connection, rows)


def bucket_of(ts: datetime) -> datetime:
    """Start of its 5 minutes."""
    return ts.replace(minute=ts.minute // 5 * 5, second=0, microsecond=0)


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
        copy(connection, times)
        noted = connection.execute("select bucket from late_buckets").fetchall()
        assert noted == [(bucket_of(times[0]),)]
        run_job(connection, "refresh_metrics")
        check(connection)


def test_timescaledb_logs_what_was_copied(connection: psycopg.Connection[Any]) -> None:
    """Without any note, also into chunks of the columnstore."""
    refresh(connection, NOW - 30 * DAY, NOW)
    compress(connection, "agent_samples")
    copy(connection, [NOW - n * 5 * HOUR + timedelta(seconds=31) for n in range(20)])
    connection.execute("truncate late_buckets")
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

"""Jobs that fail at one range or one chunk: the others are done, and the failure is reported."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
import pytest

from tests.community.jobs import pause_jobs, run_job
from tests.community.samples import store
from tests.support.aggregates import check_aggregates
from tests.support.rollups import LEVELS
from tests.support.rows import set_watermark

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
TODAY = NOW.replace(hour=0, minute=0)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
THURSDAY: Final = 3
MATERIALISED: Final = """
    select materialization_hypertable_name
    from timescaledb_information.continuous_aggregates where view_name = %s
"""
CHUNK: Final = """
    select format('%%I.%%I', chunk_schema, chunk_name) from timescaledb_information.chunks
    where hypertable_name = %s and range_start <= %s and range_end > %s
"""


@pytest.fixture
def connection(community: str) -> Iterator[psycopg.Connection[Any]]:
    """Seventeen days of one agent, all refreshed."""
    with psycopg.connect(community, autocommit=True) as connection:
        pause_jobs(connection)
        set_watermark(community, NOW)
        store(connection, [row(NOW - n * HOUR) for n in range(17 * 24)])
        run_job(connection, "refresh_metrics")
        yield connection
        # A run that fails ends the scheduler's session, and here it is the test's.
        connection.execute("select pg_advisory_unlock_all()")


def row(ts: datetime) -> tuple[Any, ...]:
    """A sample with one message."""
    return (ts, 1, 1.5, 2.5, 1, 0, 3.5)


def chunk_of(connection: psycopg.Connection[Any], relation: str, ts: datetime) -> str:
    """The chunk of a hypertable or level that holds `ts`."""
    made = connection.execute(MATERIALISED.encode(), [relation]).fetchone()
    ((name,),) = connection.execute(
        CHUNK.encode(), [made[0] if made else relation, ts, ts]
    ).fetchall()
    return str(name)


@contextmanager
def broken(connection: psycopg.Connection[Any], chunk: str) -> Iterator[None]:
    """A chunk that takes no row, such as one that a fault of the server has damaged."""
    connection.execute(
        f"alter table {chunk} add constraint broken check (false) not valid".encode()
    )
    yield
    connection.execute(f"alter table {chunk} drop constraint broken".encode())


def samples(connection: psycopg.Connection[Any], day: datetime) -> list[int]:
    """How many samples each level has of a day."""
    counted = []
    for relation in LEVELS:
        text = f"select sum(samples)::integer from {relation} where bucket >= %s and bucket < %s"  # noqa: S608
        found = connection.execute(text.encode(), [day, day + DAY]).fetchone()
        counted.append(found[0] if found else 0)
    return counted


def fail(connection: psycopg.Connection[Any]) -> None:
    """One run of the refresh that ends with the error of the broken chunk."""
    with pytest.raises(psycopg.errors.CheckViolation):
        run_job(connection, "refresh_metrics")


def failing(connection: psycopg.Connection[Any]) -> list[Any]:
    return connection.execute("select relation, start from refresh_ranges order by 1, 2").fetchall()


@pytest.mark.parametrize(("level", "second"), [("agent_metrics_5m", 7), ("agent_metrics_1h", 27)])
def test_a_range_that_fails_holds_up_no_other(
    community: str, connection: psycopg.Connection[Any], level: str, second: int
) -> None:
    after = timedelta(seconds=second)
    # Chunks of 5 minutes are days, of hours weeks from a Thursday on: each has another day.
    bad = TODAY - ((TODAY.weekday() - THURSDAY) % 7 or 7) * DAY
    good = bad - 8 * DAY
    before = samples(connection, good)
    with broken(connection, chunk_of(connection, level, bad)):
        store(connection, [row(ts + after) for ts in (bad, bad + HOUR, good)])
        # Each of the two hours is tried once before what is older than both.
        for _ in range(3):
            fail(connection)
        assert samples(connection, good) == [count + 1 for count in before]
        assert {relation for relation, _ in failing(connection)} == {level}
        assert {start for _, start in failing(connection)} == {bad, bad + HOUR}
        done = connection.execute(
            "select refreshed_at > now() - interval '1 minute' from metrics_refreshes "
            "where start = 'infinity'"
        ).fetchone()
        assert done == (True,)
        # What comes meanwhile waits with it, and is no new failure.
        store(connection, [row(bad + 2 * after)])
        fail(connection)
    run_job(connection, "refresh_metrics")
    run_job(connection, "refresh_metrics")
    assert failing(connection) == []
    check_aggregates(community, as_found=True)


def test_a_chunk_that_fails_holds_up_no_other(connection: psycopg.Connection[Any]) -> None:
    compressed = (
        "select count(*) filter (where is_compressed), count(*) "
        "from timescaledb_information.chunks where hypertable_name = 'agent_samples' "
        "and range_end < now() - interval '3 days'"
    )
    waiting = TODAY - 5 * DAY
    connection.execute("insert into late_buckets (bucket) values (%s)", [waiting])
    bad = chunk_of(connection, "agent_samples", TODAY - 6 * DAY)
    connection.execute("select _timescaledb_functions.freeze_chunk(%s)", [bad])
    with pytest.raises(psycopg.errors.RaiseException, match="1 chunks could not"):
        run_job(connection, "compress_chunks")
    found = connection.execute(compressed).fetchone()
    assert found is not None
    assert found[0] == found[1] - 2 > 1
    # The one that a late sample reached is left alone until that is refreshed.
    connection.execute("select _timescaledb_functions.unfreeze_chunk(%s)", [bad])
    connection.execute("truncate late_buckets")
    run_job(connection, "compress_chunks")
    assert connection.execute(compressed).fetchone() == (found[1], found[1])

"""The refresh job: late samples show after one run, and a backfill keeps nothing newer waiting."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.community.jobs import pause_jobs, run_job
from tests.community.samples import store
from tests.community.server import IS_FULL, community_database
from tests.support.aggregates import check_aggregates
from tests.support.rollups import LEVELS
from tests.support.rows import refresh, set_watermark

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# One hour of what is late in each run, however quick that is.
HASTY = b"""call refresh_metrics(0, '{"refresh_start": "32 days", "late_time": "0 seconds"}')"""


@pytest.fixture(scope="module")
def connection(community: str) -> Iterator[psycopg.Connection[Any]]:
    """A fleet of three with two days behind it, all of it refreshed; the watermark is NOW."""
    with psycopg.connect(community, autocommit=True) as connection:
        pause_jobs(connection)
        set_watermark(community, NOW)
        times = [NOW - n * 10 * MINUTE for n in range(288)]
        store(connection, [row(ts, agent) for ts in times for agent in "abc"])
        run_job(connection, "refresh_metrics")
        yield connection


def row(ts: datetime, agent: str = "a") -> tuple[Any, ...]:
    """A sample of agent a, b or c, with one message."""
    return (ts, "abc".index(agent) + 1, 1.5, 2.5, 1, 0, 3.5)


def samples(connection: psycopg.Connection[Any], ts: datetime) -> list[int]:
    """How many samples of all agents the bucket of `ts` has, at each level."""
    counted = []
    for relation in LEVELS:
        text = (
            f"select sum(samples)::integer from {relation} where bucket <= %s "  # noqa: S608
            "group by bucket order by bucket desc limit 1"
        )
        found = connection.execute(text.encode(), [ts]).fetchone()
        counted.append(found[0] if found else 0)
    return counted


@pytest.mark.parametrize("late", [12 * MINUTE, 3 * HOUR, 47 * HOUR, 10 * DAY, 31 * DAY])
def test_a_late_sample_is_in_all_ranges_after_one_run(
    community: str, connection: psycopg.Connection[Any], late: timedelta
) -> None:
    ts = NOW - late + timedelta(seconds=7)
    before = samples(connection, ts)
    store(connection, [row(ts), row(NOW + timedelta(seconds=7))])
    run_job(connection, "refresh_metrics")
    assert samples(connection, ts) != before
    check_aggregates(community, as_found=True)
    assert connection.execute("select * from late_buckets").fetchall() == []


def materialised(connection: psycopg.Connection[Any]) -> dict[str, dict[datetime, str]]:
    """By level and bucket, which transaction wrote the rows that are materialised."""
    written: dict[str, dict[datetime, str]] = {}
    for relation in LEVELS:
        ((name,),) = connection.execute(
            "select format('%%I.%%I', materialization_hypertable_schema, "
            "materialization_hypertable_name) "
            "from timescaledb_information.continuous_aggregates where view_name = %s",
            [relation],
        ).fetchall()
        text = f"select bucket, max(xmin::text) from {name} group by bucket"  # noqa: S608
        written[relation] = dict(connection.execute(text.encode()).fetchall())
    return written


def test_nothing_is_refreshed_but_what_late_samples_touch(
    community: str, connection: psycopg.Connection[Any]
) -> None:
    run_job(connection, "refresh_metrics")
    # No turn for anything else.
    connection.execute("update metrics_refreshes set took = '1 hour', refreshed_at = now()")
    before = materialised(connection)
    hour = NOW.replace(minute=0) - 26 * HOUR
    # Minutes 0 to 10 are one range, 50 to 55 another; between them there are buckets.
    late = [hour + n * MINUTE + timedelta(seconds=17) for n in (0, 5, 50)]
    store(connection, [row(ts) for ts in [*late, NOW + timedelta(seconds=17)]])
    run_job(connection, "refresh_metrics")
    after = materialised(connection)
    changed = {
        relation: {bucket for bucket, by in after[relation].items() if by != rows.get(bucket)}
        for relation, rows in before.items()
    }
    # The job also did what has become old enough since.
    old = {relation: max(rows) for relation, rows in before.items()}
    assert {r: {b for b in buckets if b <= old[r]} for r, buckets in changed.items()} == {
        "agent_metrics_5m": {hour, hour + 5 * MINUTE, hour + 50 * MINUTE},
        "agent_metrics_1h": {hour},
        "agent_metrics_1d": {hour.replace(hour=0)},
    }
    check_aggregates(community, as_found=True)


def test_what_lies_past_the_watermark_is_left_to_those_who_ask() -> None:
    with community_database() as url, psycopg.connect(url, autocommit=True) as connection:
        pause_jobs(connection)
        set_watermark(url, NOW)
        for second, minutes in enumerate((0, 3, 7, 40)):
            watermark = NOW + minutes * MINUTE
            times = [NOW + n * MINUTE + timedelta(seconds=second) for n in range(-60, 60)]
            store(connection, [row(ts) for ts in times])
            refresh(url, watermark)
            run_job(connection, "refresh_metrics")
            found = connection.execute(
                "select max(watermark), max(watermark) = refresh_end() from refresh_levels()"
            ).fetchone()
            assert found is not None
            assert watermark - 5 * MINUTE < found[0] <= watermark
            assert found[1]
            counted = "select sum(samples) = (select count(*) from agent_samples) from "
            for relation in LEVELS:
                assert connection.execute(f"{counted}{relation}".encode()).fetchone() == (True,)


def test_what_is_noted_is_what_the_refresh_has_passed(
    connection: psycopg.Connection[Any],
) -> None:
    connection.execute("truncate late_buckets")
    ages = [age * MINUTE - timedelta(seconds=31) for age in range(-30, 31)]
    store(connection, [row(NOW - age, "c") for age in ages])
    noted = connection.execute("select min(bucket), max(bucket) from late_buckets").fetchone()
    assert noted is not None
    assert noted[0] <= NOW - 29 * MINUTE
    # The last one from before the watermark; no refresh has reached past it.
    assert noted[1] <= NOW - timedelta(seconds=29) < noted[1] + 5 * MINUTE
    run_job(connection, "refresh_metrics")


def test_a_fleet_without_samples_is_refreshed() -> None:
    with community_database() as url, psycopg.connect(url, autocommit=True) as connection:
        pause_jobs(connection)
        assert run_job(connection, "refresh_metrics") == 1
        assert connection.execute("select from refresh_ranges").fetchall() == []


def test_a_backfill_keeps_nothing_newer_waiting(
    community: str, connection: psycopg.Connection[Any]
) -> None:
    backfill = [row(NOW - n * 6 * HOUR + timedelta(seconds=7), "b") for n in range(1, 124)]
    store(connection, backfill)
    waiting = [123]
    for run in range(3):
        # Late, but later than all of the backfill; and the newest, which nothing has to refresh.
        ts = NOW - HOUR + run * 10 * MINUTE + timedelta(seconds=11)
        live = NOW + timedelta(seconds=11 + run)
        expected = [counted + 1 for counted in samples(connection, ts)]
        store(connection, [row(ts), row(live)])
        connection.execute(HASTY)
        assert samples(connection, ts)[0] == expected[0]
        counted = connection.execute("select count(*) from late_buckets").fetchone()
        waiting.append(counted[0] if counted else 0)
    assert waiting[1] >= waiting[2] >= waiting[3] > 100
    newest = connection.execute("select max(bucket) from late_buckets").fetchone()
    assert newest is not None
    assert newest[0] < NOW - HOUR
    run_job(connection, "refresh_metrics")
    check_aggregates(community, as_found=True)


def test_samples_without_a_note_are_refreshed(
    community: str, connection: psycopg.Connection[Any]
) -> None:
    """Such as samples that were restored, or came while the job was off for hours."""
    store(connection, [row(NOW - 20 * DAY), row(NOW - 5 * DAY), row(NOW - 30 * HOUR)])
    connection.execute("truncate late_buckets")
    for _ in range(32 * 4 + 1):
        connection.execute("update metrics_refreshes set took = interval '0' where took > '0'")
        connection.execute(HASTY)
    check_aggregates(community, as_found=True)


def test_a_long_turn_waits(connection: psycopg.Connection[Any]) -> None:
    turns = "select start, refreshed_at from metrics_refreshes where start < 'infinity' order by 1"
    connection.execute(HASTY)
    connection.execute("update metrics_refreshes set took = '1 hour', refreshed_at = now()")
    before = connection.execute(turns.encode()).fetchall()
    connection.execute(HASTY)
    assert connection.execute(turns.encode()).fetchall() == before
    connection.execute("update metrics_refreshes set refreshed_at = now() - interval '11 hours'")
    connection.execute(HASTY)
    late = "select count(*) from metrics_refreshes where took < '1 hour' and start < 'infinity'"
    assert connection.execute(late.encode()).fetchone() == (1,)


def test_what_is_out_of_the_window_is_left_alone(connection: psycopg.Connection[Any]) -> None:
    """Its samples may be gone: a refresh would count zero samples."""
    ts = NOW - 34 * DAY
    store(connection, [row(ts)])
    connection.execute("truncate late_buckets")
    for relation in LEVELS:
        text = (
            f"call refresh_continuous_aggregate('{relation}', '{ts - 2 * DAY}', '{ts + 2 * DAY}')"
        )
        connection.execute(text.encode())
    assert samples(connection, ts) == [1, 1, 1]
    connection.execute("delete from agent_samples where ts = %s", [ts])
    connection.execute("insert into late_buckets (bucket) values (%s)", [ts])
    run_job(connection, "refresh_metrics")
    assert samples(connection, ts) == [1, 1, 1]


@pytest.mark.skipif(not IS_FULL, reason="WebAssembly has no background workers")
def test_the_server_runs_it_within_two_minutes() -> None:
    with community_database() as url, psycopg.connect(url, autocommit=True) as connection:
        store(connection, [row(NOW - n * 10 * MINUTE) for n in range(300)])
        run = "select count(*) from metrics_refreshes where start = 'infinity'"
        until(connection, run, 1)
        store(connection, [row(NOW - 47 * HOUR + timedelta(seconds=7)), row(NOW)])
        until(connection, "select (sum(samples) = 301)::integer from agent_metrics_1d", 1)
        check_aggregates(url, as_found=True)


def until(connection: psycopg.Connection[Any], query: str, answer: int) -> None:
    """Returns when the query has this answer, two minutes from now at the latest."""
    deadline = time.monotonic() + 120
    while connection.execute(query.encode()).fetchone() != (answer,):
        assert time.monotonic() < deadline, query
        time.sleep(0.2)

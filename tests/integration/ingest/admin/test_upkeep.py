"""The upkeep job: when it runs, that it runs once, and what it logs when a task fails."""

import asyncio
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from prometheus_client import REGISTRY
from psycopg import AsyncConnection
from structlog.testing import capture_logs

from ingest.admin import upkeep as module
from ingest.admin.clocks import Clocks
from ingest.admin.upkeep import Connection, Upkeep, acquire_upkeep_lock, open_connection, read_state
from sql.named import query
from sql.session import Session
from tests.integration.ingest.sessions import blocks
from tests.support.ingest_process import ingest_process
from tests.support.proxy import proxy_to
from tests.support.rows import Row, insert, refresh, set_watermark
from tests.support.stack import Topics, database_settings
from tests.support.waiting import until

NOW = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
TASKS = {
    "agent_samples",
    "agent_metrics_5m",
    "agent_metrics_1h",
    "status_events",
    "deployment_events",
    "platform_heartbeats",
    "skill_changes",
}


def job(database: str, now: datetime = NOW, host: datetime | None = None) -> Upkeep:
    """The job at a moment of the database's clock, due every hour; the host's may be another."""

    async def clocks(_: Connection) -> Clocks:
        return Clocks(host or now, now)

    return Upkeep(database_settings(database), HOUR, clocks)


def fill(database: str, days: Collection[int]) -> None:
    """A sample of each of so many days ago, each of another agent; all of them aggregated."""
    insert(database, [Row(f"alice/{min(days)}", NOW - n * DAY) for n in sorted(days)])
    refresh(database, NOW - min(days) * DAY + timedelta(seconds=1))


def chunks(database: str, relation: str = "agent_samples") -> list[int]:
    """How many days ago each chunk began, oldest first."""
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "select range_start from timescaledb_information.chunks where hypertable_name = %s "
            "order by range_start",
            [relation],
        ).fetchall()
    return [(NOW - start).days for (start,) in rows]


def left(database: str) -> dict[str, tuple[Any, ...]]:
    """What the job left behind of each task but the check: ran, succeeded, removed, failure."""
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        rows = connection.execute(
            "select task, ran_at, succeeded_at, removed, failure from upkeep "
            "where task <> 'conservation'"
        ).fetchall()
    return {task: tuple(rest) for task, *rest in rows}


async def test_what_is_due_is_done_and_left_behind(database: str) -> None:
    fill(database, [39, 38, 37, 0])
    await job(database).run_due_tasks()
    assert chunks(database) == [38, 37, 0]
    assert left(database) == {
        task: (NOW, NOW, int(task == "agent_samples"), None) for task in TASKS
    }
    success = REGISTRY.get_sample_value(
        "fleetgauge_upkeep_success_timestamp_seconds", {"task": "agent_samples"}
    )
    assert success == NOW.timestamp()


# After a success, how much later it is looked, and whether it is done again.
LATER = [
    (timedelta(0), False),
    (timedelta(minutes=59), False),
    (HOUR, True),
    (3 * DAY, True),
    # The one who ran it had a clock that was ahead.
    (-timedelta(minutes=5), True),
]


@pytest.mark.parametrize(("later", "done"), LATER)
async def test_it_is_done_when_it_is_due(database: str, later: timedelta, *, done: bool) -> None:
    await job(database).run_due_tasks()
    await job(database, NOW + later).run_due_tasks()
    assert left(database)["agent_samples"][0] == (NOW + later if done else NOW)


@pytest.mark.parametrize(
    ("later", "is_overdue"), [(timedelta(0), False), (3 * HOUR, False), (3.01 * HOUR, True)]
)
async def test_three_runs_that_are_missing_are_reported(
    database: str, later: timedelta, *, is_overdue: bool
) -> None:
    await job(database).run_due_tasks()
    async with open_connection(database_settings(database)) as connection:
        found = await read_state(connection, NOW + later)
    states = [state for state in found if state.task not in {"conservation", "refresh"}]
    assert {state.task for state in states} == TASKS
    assert {state.is_overdue for state in states} == {is_overdue}


async def test_what_was_never_done_is_reported(database: str) -> None:
    async with open_connection(database_settings(database)) as connection:
        states = await read_state(connection, NOW)
        assert {state.task for state in states if state.is_overdue} == TASKS | {"refresh"}
        await acquire_upkeep_lock(connection)
        await job(database).run_due_tasks()
    overdue = REGISTRY.get_sample_value("fleetgauge_upkeep_overdue", {"task": "refresh"})
    assert overdue == 1


async def test_what_waits_for_the_refresh_is_reported(database: str) -> None:
    set_watermark(database)
    insert(database, [Row("alice/a", NOW - n * DAY) for n in (40, 0)])
    with capture_logs() as logged:
        await job(database).run_due_tasks()
    assert chunks(database) == [40, 0]
    ran, succeeded, removed, failure = left(database)["agent_samples"]
    assert (ran, succeeded, removed) == (NOW, None, 0)
    assert failure.startswith("old chunks of agent_samples are kept (1) because it is aggregated")
    assert failure in {entry.get("error") for entry in logged}
    refresh(database, NOW)
    await job(database, NOW + timedelta(minutes=1)).run_due_tasks()
    assert chunks(database) == [0]


async def test_two_never_do_it_at_once(database: str) -> None:
    fill(database, [40, 0])
    async with open_connection(database_settings(database)) as other:
        await acquire_upkeep_lock(other)
        await job(database).run_due_tasks()
        assert (chunks(database), left(database)) == ([40, 0], {})
    await asyncio.gather(*(job(database).run_due_tasks() for _ in range(4)))
    await job(database).run_due_tasks()
    assert chunks(database) == [0]
    assert left(database)["agent_samples"] == (NOW, NOW, 1, None)


async def test_a_chunk_that_is_held_costs_only_its_task(database: str) -> None:
    fill(database, [42, 41, 40, 9])
    await job(database, NOW - 9 * DAY).run_due_tasks()
    fill(database, [0])
    reader = await AsyncConnection.connect(database)
    await reader.execute("select from agent_samples where ts < %s", [NOW - 40.5 * DAY])
    await job(database).run_due_tasks()
    outcomes = left(database)
    assert outcomes.pop("agent_samples") == (
        NOW,
        NOW - 9 * DAY,
        0,
        "canceling statement due to lock timeout",
    )
    assert {outcome[1] for outcome in outcomes.values()} == {NOW}
    await reader.close()
    await job(database, NOW + timedelta(minutes=1)).run_due_tasks()
    assert left(database)["agent_samples"] == (*[NOW + timedelta(minutes=1)] * 2, 3, None)
    assert chunks(database) == [9, 0]


async def test_readers_wait_for_it_no_longer_than_its_patience(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SESSION", Session("fleetgauge-upkeep", {"lock_timeout": "500ms"}))
    fill(database, [40, 0])
    async with (
        await AsyncConnection.connect(database) as slow,
        await AsyncConnection.connect(database, autocommit=True) as quick,
    ):
        await slow.execute("select from agent_samples where ts < %s", [NOW - 39 * DAY])
        looking = asyncio.create_task(job(database).run_due_tasks())
        await blocks(slow)
        # It comes after the job, which waits for the slow one.
        async with asyncio.timeout(5):
            cursor = await quick.execute("select count(*) from agent_samples")
        assert await cursor.fetchone() == (2,)
        await looking


def failures(task: str) -> float:
    value = REGISTRY.get_sample_value("fleetgauge_upkeep_failures_total", {"task": task})
    return value or 0.0


@pytest.mark.parametrize("off", [400 * DAY, -400 * DAY, timedelta(minutes=5, seconds=1)])
async def test_clocks_that_differ_delete_nothing(database: str, off: timedelta) -> None:
    fill(database, [40, 0])
    before = failures("skill_changes")
    with capture_logs() as logged:
        await job(database, host=NOW + off).run_due_tasks()
    assert chunks(database) == [40, 0]
    found = left(database)
    assert found.keys() == TASKS
    for ran, succeeded, removed, failure in found.values():
        assert (ran, succeeded, removed) == (NOW, None, 0)
        assert failure.startswith("this host's clock (")
        assert "the database's (2026-03-10T14:35:00Z): nothing is deleted until" in failure
    assert failures("skill_changes") == before + 1
    (line,) = [entry for entry in logged if entry["log_level"] == "error"]
    assert line["event"] == "nothing is deleted"
    assert "timedatectl" in line["hint"]

    await job(database, host=NOW + timedelta(minutes=4)).run_due_tasks()
    assert chunks(database) == [0]


async def test_a_database_whose_clock_is_ahead_keeps_what_the_newest_sample_keeps(
    database: str,
) -> None:
    fill(database, [40, 37, 0])
    with psycopg.connect(database) as connection:
        connection.execute("insert into platform_heartbeats values (%s)", [NOW - DAY])
        connection.execute("insert into platform_heartbeats values (%s)", [NOW - 2 * DAY])
    await job(database, NOW + 400 * DAY).run_due_tasks()
    assert chunks(database) == [37, 0]
    assert chunks(database, "rollup_5m") == [40, 5]
    assert {task: done[2] for task, done in left(database).items() if done[2]} == {
        "agent_samples": 1
    }


async def test_a_fleet_without_samples_loses_nothing(database: str) -> None:
    with psycopg.connect(database) as connection:
        for days in (50, 49, 0):
            connection.execute("insert into platform_heartbeats values (%s)", [NOW - days * DAY])
    await job(database).run_due_tasks()
    assert {done[2:] for done in left(database).values()} == {(0, None)}


async def test_a_sample_from_the_future_stops_deletion(database: str) -> None:
    fill(database, [40, 0])
    await job(database, NOW - timedelta(minutes=11)).run_due_tasks()
    failure = left(database)["agent_samples"][3]
    assert "the newest sample (agent 0 of user alice) has the time 2026-03-10T14:35:00Z" in failure
    assert "0:11:00 ahead of the database's clock" in failure
    assert "fleetgauge erase --user alice --agent 0" in failure
    assert chunks(database) == [40, 0]
    await job(database, NOW - timedelta(minutes=9)).run_due_tasks()
    assert chunks(database) == [0]


async def test_what_was_dropped_is_noted_with_the_drop(database: str) -> None:
    fill(database, [45, 40, 0])
    horizons = "select relation, dropped_before from retention_horizons"
    midnight = NOW.replace(hour=0, minute=0)
    with psycopg.connect(database, options="-c timezone=UTC", autocommit=True) as connection:
        await job(database).run_due_tasks()
        assert connection.execute(horizons).fetchall() == [("agent_samples", midnight - 39 * DAY)]
        # It never falls, whatever is dropped later.
        values = {"relation": "agent_samples", "range_end": midnight - 44 * DAY}
        connection.execute(query("raise_horizon"), values)
        assert connection.execute(horizons).fetchall() == [("agent_samples", midnight - 39 * DAY)]


async def test_a_database_that_is_away_costs_a_look(database: str) -> None:
    async with proxy_to(database) as (proxy, through):
        proxy.refuse()

        async def complained() -> bool:
            return any(entry["event"] == "upkeep not run" for entry in logs)

        async def done() -> bool:
            return left(database).keys() == TASKS

        with capture_logs() as logs:
            running = asyncio.create_task(job(through).run(0.05))
            await until(complained, "a warning", 60)
            proxy.accept()
            await until(done, "the upkeep", 60)
        running.cancel()
        await asyncio.wait({running})
    assert running.cancelled()


async def test_ingest_does_it_beside_its_work(
    database: str,
    made_topics: Topics,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC)
    insert(database, [Row("alice/a", now - n * DAY) for n in (40, 1)])
    refresh(database, now)
    series = 'fleetgauge_upkeep_removed_total{task="agent_samples"}'
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ingest.said('"claimed"')

        async def removed() -> bool:
            return await ingest.metric(series) == 1

        await until(removed, series, 60)
        assert await ingest.stop() == 0
    assert len(chunks(database)) == 1

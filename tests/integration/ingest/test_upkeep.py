"""The upkeep job: when it runs, that it runs once, and what it says of a task that fails."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from prometheus_client import REGISTRY
from psycopg import AsyncConnection
from pydantic import SecretStr
from structlog.testing import capture_logs

from ingest import upkeep as module
from ingest.upkeep import Upkeep, be_alone, open_connection, read_state
from schemas.settings import DatabaseSettings
from sql.session import Session
from tests.ingest_process import ingest_process
from tests.integration.ingest.sessions import blocks
from tests.proxy import proxy_to
from tests.rows import Row, insert
from tests.stack import Topics, database_settings
from tests.waiting import until

NOW = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
TASKS = {
    "agent_samples",
    "agent_metrics_5m",
    "agent_metrics_1h",
    "platform_heartbeats",
    "agent_marks",
    "skill_changes",
}


def job(database: str, now: datetime = NOW) -> Upkeep:
    """The job at a moment, due every hour."""
    return Upkeep(DatabaseSettings(database_url=SecretStr(database)), HOUR, lambda: now)


def fill(database: str, days: Iterable[int]) -> None:
    insert(database, [Row("alice/a", NOW - n * DAY) for n in sorted(days)])


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
    """What the job left behind of each task: ran, succeeded, removed, failure."""
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        rows = connection.execute(
            "select task, ran_at, succeeded_at, removed, failure from upkeep"
        ).fetchall()
    return {task: tuple(rest) for task, *rest in rows}


async def test_what_is_due_is_done_and_left_behind(database: str) -> None:
    fill(database, [36, 35, 34, 0])
    await job(database).look()
    assert chunks(database) == [35, 34, 0]
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
    await job(database).look()
    await job(database, NOW + later).look()
    assert left(database)["agent_samples"][0] == (NOW + later if done else NOW)


@pytest.mark.parametrize(
    ("later", "is_overdue"), [(timedelta(0), False), (3 * HOUR, False), (3.01 * HOUR, True)]
)
async def test_three_runs_that_are_missing_are_told(
    database: str, later: timedelta, *, is_overdue: bool
) -> None:
    await job(database).look()
    async with open_connection(database_settings(database)) as connection:
        states = await read_state(connection, NOW + later)
    assert {state.task for state in states} == TASKS
    assert {state.is_overdue for state in states} == {is_overdue}


async def test_what_was_never_done_is_told(database: str) -> None:
    async with open_connection(database_settings(database)) as connection:
        states = await read_state(connection, NOW)
        assert {state.task for state in states if state.is_overdue} == {
            "platform_heartbeats",
            "agent_marks",
            "skill_changes",
        }
        await be_alone(connection)
        await job(database).look()
    overdue = REGISTRY.get_sample_value("fleetgauge_upkeep_overdue", {"task": "agent_marks"})
    assert overdue == 1


async def test_two_never_do_it_at_once(database: str) -> None:
    fill(database, [40])
    async with open_connection(database_settings(database)) as other:
        await be_alone(other)
        await job(database).look()
        assert (chunks(database), left(database)) == ([40], {})
    await asyncio.gather(*(job(database).look() for _ in range(4)))
    await job(database).look()
    assert chunks(database) == []
    assert left(database)["agent_samples"] == (NOW, NOW, 1, None)


async def test_a_chunk_that_is_held_costs_only_its_task(database: str) -> None:
    fill(database, [40, 39, 38])
    await job(database, NOW - 10 * DAY).look()
    reader = await AsyncConnection.connect(database)
    await reader.execute("select from agent_samples where ts < %s", [NOW - 38.5 * DAY])
    await job(database).look()
    outcomes = left(database)
    assert outcomes.pop("agent_samples") == (
        NOW,
        NOW - 10 * DAY,
        0,
        "canceling statement due to lock timeout",
    )
    assert {outcome[1] for outcome in outcomes.values()} == {NOW}
    await reader.close()
    await job(database, NOW + timedelta(minutes=1)).look()
    assert left(database)["agent_samples"] == (*[NOW + timedelta(minutes=1)] * 2, 3, None)
    assert chunks(database) == []


async def test_readers_wait_for_it_no_longer_than_its_patience(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SESSION", Session("fleetgauge-upkeep", {"lock_timeout": "500ms"}))
    fill(database, [40])
    async with (
        await AsyncConnection.connect(database) as slow,
        await AsyncConnection.connect(database, autocommit=True) as quick,
    ):
        await slow.execute("select from agent_samples where ts < %s", [NOW - 39 * DAY])
        looking = asyncio.create_task(job(database).look())
        await blocks(slow)
        # It comes after the job, which waits for the slow one.
        async with asyncio.timeout(5):
            cursor = await quick.execute("select count(*) from agent_samples")
        assert await cursor.fetchone() == (1,)
        await looking


async def test_a_database_that_is_away_costs_a_look(database: str) -> None:
    async with proxy_to(database) as (proxy, through):
        proxy.refuse()

        async def complained() -> bool:
            return any(entry["event"] == "no upkeep" for entry in told)

        async def done() -> bool:
            return left(database).keys() == TASKS

        with capture_logs() as told:
            running = asyncio.create_task(job(through).run(0.05))
            await until(complained, "a warning", 10)
            proxy.accept()
            await until(done, "the upkeep", 10)
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
    series = 'fleetgauge_upkeep_removed_total{task="agent_samples"}'
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ingest.said('"claimed"')

        async def removed() -> bool:
            return await ingest.metric(series) == 1

        await until(removed, series, 30)
        assert await ingest.stop() == 0
    assert len(chunks(database)) == 1

"""Upkeep on the community edition: the server's jobs are watched, retention is done by hand."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from prometheus_client import REGISTRY

from ingest.admin.clocks import Clocks
from ingest.admin.maintain import maintain
from ingest.admin.refresh import note_refresh
from ingest.admin.upkeep import Connection, State, Upkeep, open_connection, read_state
from schemas.settings import DatabaseSettings, IngestSettings
from tests.community.jobs import NOTE_RUN, pause_jobs
from tests.community.samples import refresh, store
from tests.community.server import IS_FULL, community_database
from tests.support.rows import set_watermark
from tests.support.service import application, serving
from tests.support.stack import database_settings

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
AS_THE_SCHEDULER = pytest.mark.skipif(IS_FULL, reason="it stands in for a full server's scheduler")
# Days; samples are kept for 38, rollups of 5 minutes for 90, of an hour for 365.
AGES = (0, 1, 20, 50, 80, 100, 200, 300, 380, 395)
OURS = {
    *("agent_samples", "agent_metrics_5m", "agent_metrics_1h"),
    *("status_events", "deployment_events"),
    *("platform_heartbeats", "skill_changes", "refresh"),
}
JOBS = {
    "refresh_metrics",
    "compress_chunks",
}


@pytest.fixture(scope="module")
def connection(community: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(community, autocommit=True, prepare_threshold=None) as opened:
        yield opened


async def at_now(_: Connection) -> Clocks:
    """Both clocks at NOW."""
    return Clocks(NOW, NOW)


async def note_a_refresh(settings: DatabaseSettings) -> None:
    """As ingest does after it has moved the watermark."""
    async with open_connection(settings) as connection:
        await note_refresh(connection, timedelta(seconds=30), None)


async def states(database: str, now: datetime = NOW) -> dict[str, State]:
    async with open_connection(database_settings(database)) as connection:
        return {state.task: state for state in await read_state(connection, now)}


def overdue(found: dict[str, State]) -> set[str]:
    return {task for task, state in found.items() if state.is_overdue}


@AS_THE_SCHEDULER
async def test_jobs_of_the_server_are_watched(
    community: str, connection: psycopg.Connection[Any]
) -> None:
    never = await states(community)
    assert never.keys() == overdue(never) == OURS | JOBS

    await Upkeep(database_settings(community), HOUR, at_now).run_due_tasks()
    await note_a_refresh(database_settings(community))
    connection.execute(NOTE_RUN, {"ended": NOW, "success": True, "name": "%"})
    done = await states(community)
    assert done.keys() == OURS | JOBS | {"conservation"}
    assert not overdue(done)
    assert done["refresh_metrics"].succeeded_at == NOW

    # A refresh is noted at the time of the server.
    later = datetime.now(UTC) + timedelta(minutes=11)
    assert overdue(await states(community, later)) == {
        "conservation",
        "refresh",
        "refresh_metrics",
    }
    assert overdue(await states(community, NOW + 4 * DAY)) == done.keys()

    connection.execute(
        "select alter_job(job_id, scheduled => false) from timescaledb_information.jobs "
        "where proc_name = 'compress_chunks'"
    )
    assert overdue(await states(community)) == {"compress_chunks"}


async def test_maintain_drops_what_is_old_of_rows_and_aggregates() -> None:
    with community_database() as url, psycopg.connect(url, autocommit=True) as connection:
        pause_jobs(connection)
        connection.execute("insert into agents (user_id, agent_id) values ('u', 'a')")
        set_watermark(url, NOW)
        store(connection, [(NOW - age * DAY, 1, 1, 2, 3, 0, None) for age in AGES])
        refresh(connection, NOW - 401 * DAY, NOW + DAY)
        days = "select count(*), sum(samples) from agent_metrics_1d"
        before = connection.execute(days).fetchall()
        settings = database_settings(url), IngestSettings()
        rehearsed = await _maintain(settings, dry_run=True)
        removed = await _maintain(settings)
        assert removed == rehearsed
        assert removed["agent_samples"] == len(AGES) - 3
        assert removed["agent_metrics_5m"] == len(AGES) - 5
        assert removed["agent_metrics_1h"] == 2
        assert set((await _maintain(settings)).values()) == {0}
        oldest = connection.execute("select min(bucket) from agent_metrics_5m").fetchone()
        assert oldest is not None
        assert (NOW - oldest[0]).days == 80
        assert connection.execute(days).fetchall() == before


async def _maintain(settings: Any, *, dry_run: bool = False) -> dict[str, int]:
    outcomes = await asyncio.to_thread(maintain, *settings, dry_run=dry_run)
    assert [outcome.failure for outcome in outcomes] == [None] * 7
    return {outcome.task: outcome.removed for outcome in outcomes}


@AS_THE_SCHEDULER
async def test_a_refresh_that_is_off_is_reported_by_readyz_and_metrics() -> None:
    with community_database() as url, psycopg.connect(url, autocommit=True) as connection:
        settings = database_settings(url)
        connection.execute(NOTE_RUN, {"ended": NOW, "success": True, "name": "%"})
        await Upkeep(settings, HOUR, at_now).run_due_tasks()
        await note_a_refresh(settings)
        assert (await _warnings(url), _metric("refresh_metrics")) == ([], 0)
        connection.execute(
            "select alter_job(job_id, scheduled => false) from timescaledb_information.jobs "
            "where proc_name = 'refresh_metrics'"
        )
        await Upkeep(settings, HOUR, at_now).run_due_tasks()
        (warning,) = await _warnings(url)
        assert warning.startswith("Upkeep: 1 task is overdue.")
        assert _metric("refresh_metrics") == 1


async def _warnings(url: str) -> Any:
    async with serving(application(url, NOW)) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 200
    return answer.json()["warnings"]


def _metric(task: str) -> float | None:
    return REGISTRY.get_sample_value("fleetgauge_upkeep_overdue", {"task": task})

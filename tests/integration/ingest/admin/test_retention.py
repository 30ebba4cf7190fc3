"""What retention removes, what it leaves, and that no answer changes by it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection
from pydantic import SecretStr

from ingest.admin.clocks import Age
from ingest.admin.retention import NotAggregatedError, UpkeepTask, retention_tasks
from schemas.settings import DatabaseSettings
from tests.support.business import answer as summary
from tests.support.business import events_of, open_writer
from tests.support.business import store as store_events
from tests.support.fleet import happen
from tests.support.rows import agent_keys, copy, refresh, set_watermark
from tests.support.service import NOW, application, bearer, serving, token

DAY = timedelta(days=1)
EPOCH = date(1970, 1, 1)
CHUNK_DAYS = {"agent_samples": 1, "agent_metrics_5m": 7, "agent_metrics_1h": 7}
URL = SecretStr("postgresql://u@h/d")
SETTINGS = DatabaseSettings(database_url=URL, raw_retention_days=35)
TASKS = {task.relation: task for task in retention_tasks(SETTINGS)}
HYPERTABLES = ("agent_samples", "agent_metrics_5m", "agent_metrics_1h")


def days_ago(days: float) -> datetime:
    return NOW - days * DAY


async def run(connection: AsyncConnection[Any], tasks: Sequence[UpkeepTask]) -> dict[str, int]:
    """Runs tasks at NOW; how much each removed."""
    return {
        task.relation: sum([count async for count in task.run(connection, Age(NOW, NOW))])
        for task in tasks
    }


def fill(database: str) -> None:
    """Two agents' samples of 400 days, none of them aggregated, and the heartbeats of a platform
    that had a long pause."""
    set_watermark(database)
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        keys = agent_keys(connection, ["alice/a1", "alice/a2"]).values()
        for key in keys:
            ages = [n * timedelta(minutes=5) for n in range(3_000)]
            ages += [n * timedelta(hours=7) for n in range(40, 1_380)]
            copy(
                connection,
                [(NOW - age, key, key, age.days % 90, 10, 1, 5.0) for age in sorted(set(ages))],
            )
        happen(connection, "beat 2025-08-01T10:00Z 2025-08-01T10:10Z")
        happen(connection, "beat 2026-02-20T10:00Z 2026-03-10T14:35Z 3")


async def answers(database: str) -> dict[str, Any]:
    """Every answer that dashboards read."""
    paths = ["alice/performance", "alice/summary", ""]
    paths += [f"alice/historical?range={name}" for name in ("24h", "7d", "30d")]
    platform = bearer(token("ops", "platform"))
    async with serving(application(database)) as client:
        responses = {
            p: await client.get(f"/api/metrics/{p}".rstrip("/"), headers=platform) for p in paths
        }
    assert {answer.status_code for answer in responses.values()} == {200}
    return {path: answer.json() for path, answer in responses.items()}


@pytest.mark.edition("apache")
async def test_no_answer_changes(database: str) -> None:
    fill(database)
    before = await answers(database)
    refresh(database, NOW)
    assert await answers(database) == before
    async with await open_writer(database) as connection:
        removed = await run(connection, list(TASKS.values()))
        again = await run(connection, list(TASKS.values()))
    assert await answers(database) == before
    assert removed["agent_samples"] == 367
    assert removed["agent_metrics_5m"] == 44
    assert removed["agent_metrics_1h"] > 0
    assert removed["platform_heartbeats"] == 10
    assert set(again.values()) == {0}


@pytest.mark.edition("apache")
@pytest.mark.parametrize(("relation", "days"), [("agent_samples", 35), ("agent_metrics_5m", 90)])
async def test_nothing_younger_than_its_retention_goes(
    database: str, relation: str, days: int
) -> None:
    ages = [days - 1, days - 0.01, days + 0.01, days + 1, days + 1.1]
    with psycopg.connect(database) as connection:
        (key,) = agent_keys(connection, ["alice/a"]).values()
        copy(connection, [(days_ago(age), key, 1, 2, 3, 0, None) for age in sorted(ages)])
    refresh(database, NOW)
    async with await open_writer(database) as connection:
        await run(connection, [TASKS[relation]])
        column = "ts" if relation == "agent_samples" else "bucket"
        cursor = await connection.execute(
            f"select distinct ({column} at time zone 'UTC')::date from {relation}".encode()  # noqa: S608
        )
        kept = {day for (day,) in await cursor.fetchall()}
    # Whole chunks go: one that ends within the retention stays whole.
    width = CHUNK_DAYS[relation]
    found = {ts.date() for ts in map(days_ago, ages)}
    assert kept == {day for day in found if chunk_end(day, width) > days_ago(days)}


def chunk_end(day: date, width: int) -> datetime:
    """Chunks are counted from 1970 on."""
    first = (day - EPOCH).days // width * width
    return datetime.combine(EPOCH, time(), UTC) + (first + width) * DAY


@pytest.mark.parametrize("relation", ["status_events", "deployment_events"])
async def test_what_the_timeline_has_dropped_stays_gone(database: str, relation: str) -> None:
    ages = [0, 364, 366, 396, 430, 431]
    with psycopg.connect(database) as connection:
        for age in ages:
            at = days_ago(age).isoformat()
            happen(connection, f"stopped a {at}; deployment d{age} {at} failed")
    async with await open_writer(database) as connection:
        removed = await run(connection, [TASKS[relation]])
        kept = await times(connection, relation)
    assert removed[relation] > 0
    assert kept == [ts for ts in map(days_ago, ages) if chunk_end(ts.date(), 30) > days_ago(366)]
    assert days_ago(364) in kept
    with psycopg.connect(database) as connection:
        at = days_ago(430).isoformat()
        happen(connection, f"removed b {at}; deployment b {at} pending")
        newest = "select count(*) from agent_states natural join agents where agent_id = 'b'"
        assert connection.execute(newest).fetchone() == (1,)
    async with await open_writer(database) as connection:
        assert await times(connection, relation) == kept


async def times(connection: AsyncConnection[Any], relation: str) -> list[datetime]:
    """The times of a relation's events, newest first."""
    cursor = await connection.execute(f"select ts from {relation} order by ts desc".encode())  # noqa: S608
    return [ts for (ts,) in await cursor.fetchall()]


@pytest.mark.edition("apache")
async def test_days_are_kept_for_good(database: str) -> None:
    fill(database)
    refresh(database, NOW)
    count = "select count(*), sum(samples) from agent_metrics_1d"
    async with await open_writer(database) as connection:
        before = await (await connection.execute(count)).fetchone()
        await run(connection, list(TASKS.values()))
        assert await (await connection.execute(count)).fetchone() == before


async def test_what_is_not_aggregated_stays_and_is_reported(database: str) -> None:
    """Nobody refreshed, then somebody half of it."""
    fill(database)
    before = await answers(database)
    async with await open_writer(database) as connection:
        with pytest.raises(NotAggregatedError) as caught:
            await run(connection, [TASKS["agent_samples"]])
        assert str(caught.value) == (
            "old chunks of agent_samples are kept (367) because it is aggregated only up to "
            "2000-01-01T00:00:00Z: see the task refresh in 'fleetgauge doctor'"
        )
        refresh(database, days_ago(100))
        for relation, kept in {"agent_samples": 65, "agent_metrics_5m": 1}.items():
            with pytest.raises(
                NotAggregatedError, match=rf"chunks of {relation} are kept \({kept}\)"
            ):
                await run(connection, [TASKS[relation]])
        refresh(database, NOW)
        removed = await run(connection, [TASKS["agent_samples"], TASKS["agent_metrics_5m"]])
        assert removed == {"agent_samples": 65, "agent_metrics_5m": 1}
    assert await answers(database) == before


SKILLS = (
    "skill a 2025-01-01 on; skill a 2025-02-01 off; skill a 2025-03-01 on; skill a 2026-03-08 off;"
    "skill b 2025-01-01 off; skill b 2026-01-01 on; skill b 2026-03-09 off; skill b 2026-03-10 on;"
    "skill c 2025-01-01 on; skill c 2026-03-05 off; skill d 2025-01-01 on; skill d 2025-01-02 off"
)


async def test_skills_grow_by_the_changes_that_are_left(database: str) -> None:
    async with await open_writer(database) as connection:
        events = events_of(SKILLS, "alice")
        await store_events(connection, [events])
        moments = [NOW + n * DAY for n in range(9)]
        before = [await summary(connection, "alice", now) for now in moments]
        assert len({answer["skills"]["growth"] for answer in before}) > 2
        assert await run(connection, [TASKS["skill_changes"]]) == {"skill_changes": 4}
        assert [await summary(connection, "alice", now) for now in moments] == before
        # A duplicate of a deleted event changes nothing either.
        await store_events(connection, [events])
        assert [await summary(connection, "alice", now) for now in moments] == before


def test_the_settings_decide() -> None:
    settings = DatabaseSettings(
        database_url=URL,
        raw_retention_days=40,
        metrics_5m_retention_days=50,
        metrics_1h_retention_days=60,
    )
    kept = {task.relation: task.keep.days for task in retention_tasks(settings)}
    assert [kept[relation] for relation in HYPERTABLES] == [40, 50, 60]

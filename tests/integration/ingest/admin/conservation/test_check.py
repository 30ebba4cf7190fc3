"""The conservation check on the Apache edition: what it finds, and what it leaves alone."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from prometheus_client import REGISTRY

from ingest.admin.conservation.report import LevelReport, read_report
from ingest.admin.maintain import maintain
from ingest.admin.upkeep import Upkeep, open_connection
from schemas.settings import DatabaseSettings, IngestSettings
from tests.support.rows import Row, insert, refresh, set_watermark
from tests.support.stack import database_settings

# The other edition has its own, tests/community/test_conservation.py.
pytestmark = pytest.mark.edition("apache")

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOW = datetime.now(UTC)
THIS_HOUR = NOW.replace(minute=0, second=0, microsecond=0)
YESTERDAY = THIS_HOUR.replace(hour=0) - DAY
SECOND = timedelta(seconds=1)
LEVELS = ("agent_metrics_5m", "agent_metrics_1h", "agent_metrics_1d")


def fill(database: str, days: int, every: timedelta = 6 * HOUR) -> None:
    """Samples of two agents, from `days` ago until now, all of them aggregated."""
    set_watermark(database)
    times = [NOW - n * every for n in range(int(days * DAY / every) + 1)]
    insert(database, [Row(agent, ts, messages=3) for agent in ("u/a", "u/b") for ts in times])
    refresh(database, NOW + SECOND)


def run(database: str, text: str, *values: Any) -> int:
    with psycopg.connect(database, autocommit=True) as connection:
        return connection.execute(text.encode(), values).rowcount


async def look(database: str, settings: DatabaseSettings | None = None) -> dict[str, LevelReport]:
    await Upkeep(settings or database_settings(database), HOUR).run_due_tasks()
    async with open_connection(database_settings(database)) as connection:
        return {found.level: found for found in await read_report(connection)}


def counts(found: dict[str, LevelReport]) -> list[int]:
    return [found[level].buckets for level in LEVELS]


async def looks_until_passed(database: str) -> dict[str, LevelReport]:
    """As many looks as it takes to compare all history once more."""
    run(database, "update conservation_progress set passed_at = null, day = current_date")
    for _ in range(500):
        found = await look(database)
        run(database, "update conservation_progress set took = interval '0'")
        if found[LEVELS[0]].passed_at is not None:
            return found
    raise AssertionError("the oldest day was never reached")


# A table of aggregated rows, a bucket that has ended, and the levels that are wrong then.
ENDED = [
    ("rollup_5m", THIS_HOUR - HOUR, [1, 0, 0]),
    ("rollup_1h", THIS_HOUR - HOUR, [0, 1, 0]),
    ("rollup_1d", YESTERDAY, [0, 0, 1]),
]


@pytest.mark.parametrize(("table", "start", "wrong"), ENDED)
@pytest.mark.parametrize(
    "damage",
    [
        "delete from {} where agent_key = 1 and bucket between %s and %s",
        "update {} set errors = errors + 1 where agent_key = 1 and bucket between %s and %s",
    ],
)
async def test_damage_is_found_by_the_next_look(
    database: str, table: str, start: datetime, wrong: list[int], damage: str
) -> None:
    fill(database, 2, HOUR)
    assert counts(await look(database)) == [0, 0, 0]
    end = start + timedelta(minutes=59)
    assert run(database, damage.format(table), start, end) == 1
    # Yesterday is the first day of the past that is looked at.
    run(database, "delete from conservation_progress")
    found = await look(database)
    assert counts(found) == wrong
    for level, buckets in zip(LEVELS, wrong, strict=True):
        metric = REGISTRY.get_sample_value("fleetgauge_conservation_difference", {"level": level})
        assert metric == buckets


async def test_damage_of_an_hour_that_goes_on_is_in_all_levels(database: str) -> None:
    """Readers make its coarser buckets of the finest level."""
    fill(database, 2, HOUR)
    assert run(database, "delete from rollup_5m where agent_key = 1 and bucket >= %s", THIS_HOUR)
    expected = [1, 1, 1] if NOW + SECOND < THIS_HOUR + HOUR else [1, 0, 0]
    assert counts(await look(database)) == expected


async def test_what_is_not_aggregated_is_no_difference(database: str) -> None:
    set_watermark(database)
    insert(database, [Row("u/a", NOW - n * HOUR, messages=3) for n in range(60)])
    assert counts(await looks_until_passed(database)) == [0, 0, 0]
    refresh(database, NOW - 30.5 * HOUR)
    insert(database, [Row("u/b", NOW - n * HOUR, messages=3) for n in range(60)])
    assert counts(await looks_until_passed(database)) == [0, 0, 0]


async def test_what_comes_right_is_forgotten(database: str) -> None:
    fill(database, 1, HOUR)
    hour = THIS_HOUR - HOUR
    run(database, "update rollup_1h set messages = messages + 1 where bucket = %s", hour)
    assert counts(await look(database)) == [0, 1, 0]
    run(database, "update rollup_1h set messages = messages - 1 where bucket = %s", hour)
    assert counts(await look(database)) == [0, 0, 0]


async def test_all_history_is_compared_a_day_at_a_look(database: str) -> None:
    fill(database, 40)
    assert run(database, "delete from rollup_5m where bucket < %s", NOW - 39 * DAY) > 0
    run(database, "update platform_metrics_1h set samples = 9 where bucket > %s", NOW - 20.1 * DAY)
    await look(database)
    found = await looks_until_passed(database)
    assert found["agent_metrics_5m"].oldest is not None
    assert found["agent_metrics_5m"].oldest < NOW - 39 * DAY
    assert found["agent_metrics_5m"].older_than_raw > 0
    assert found["agent_metrics_1d"].oldest is not None
    assert found["agent_metrics_1d"].oldest > NOW - 22 * DAY


@pytest.mark.parametrize("by_hand", [False, True])
async def test_what_retention_drops_is_no_difference(database: str, *, by_hand: bool) -> None:
    """Also where it was shorter once, and longer since."""
    fill(database, 60)
    await look(database)
    days = {"lateness_limit": 2, "refresh_start": 3, "raw_retention": 5, "metrics_5m_retention": 10}
    short = {f"{name}_days": kept for name, kept in days.items()}
    shorter = database_settings(database).model_copy(update=short)
    run(database, "delete from upkeep")
    if by_hand:
        await asyncio.to_thread(maintain, shorter, IngestSettings(), dry_run=False)
    else:
        await look(database, shorter)
    kept = (
        "select count(*) filter (where bucket < now() - interval '18 days') from agent_metrics_5m"
    )
    with psycopg.connect(database) as connection:
        assert connection.execute(kept.encode()).fetchone() == (0,)
    assert counts(await looks_until_passed(database)) == [0, 0, 0]


async def test_a_check_that_fails_is_a_task_of_upkeep_that_failed(database: str) -> None:
    async with await psycopg.AsyncConnection.connect(database) as other:
        await other.execute("lock table rollup_1d")
        await Upkeep(database_settings(database), HOUR).run_due_tasks()
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "select succeeded_at, failure from upkeep where task = 'conservation'"
        ).fetchone()
    assert row == (None, "canceling statement due to lock timeout")

"""The conservation check and the repair on the community edition, where refreshes lag behind."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
import pytest

from ingest.admin.conservation.command import repair as run_repair
from ingest.admin.conservation.repair import Repair
from ingest.admin.conservation.report import read_report
from ingest.admin.upkeep import Upkeep, open_connection
from tests.community.jobs import pause_jobs, run_job
from tests.community.samples import store
from tests.community.server import IS_FULL
from tests.support.aggregates import check_aggregates
from tests.support.rollups import LEVELS
from tests.support.rows import set_watermark
from tests.support.stack import database_settings

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# Of a whole hour and a whole day of the past, which the refresh has materialised.
YESTERDAY = NOW.replace(hour=0, minute=0) - DAY
MATERIALISED: Final = """
    select format('%%I.%%I', materialization_hypertable_schema, materialization_hypertable_name)
    from timescaledb_information.continuous_aggregates where view_name = %s
"""


@pytest.fixture(scope="module")
def database(community: str) -> str:
    """Two agents with two days behind them, refreshed once; every test leaves it exact."""
    with psycopg.connect(community, autocommit=True) as connection:
        pause_jobs(connection)
        set_watermark(community, NOW)
        times = [NOW - n * 10 * MINUTE for n in range(288)]
        store(connection, [row(ts, agent) for ts in times for agent in (1, 2)])
        run_job(connection, "refresh_metrics")
    return community


def row(ts: datetime, agent: int) -> tuple[Any, ...]:
    return (ts, agent, 1.5, 2.5, 3, 1, 3.5)


def run(database: str, text: str, *values: Any) -> int:
    with psycopg.connect(database, autocommit=True) as connection:
        return connection.execute(text.encode(), values).rowcount


def refresh(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        run_job(connection, "refresh_metrics")


def late(database: str, *ago: timedelta) -> None:
    """A sample of agent 1 for each, between those that are there."""
    with psycopg.connect(database, autocommit=True) as connection:
        store(connection, [row(NOW - one + timedelta(seconds=7), 1) for one in ago])


def damage(database: str, level: str) -> None:
    """Takes agent 1 out of what is materialised of yesterday, as a refresh without a log does."""
    with psycopg.connect(database, autocommit=True) as connection:
        ((table,),) = connection.execute(MATERIALISED.encode(), [level]).fetchall()
        text = f"delete from {table} where agent_key = 1 and bucket >= %s and bucket < %s"  # noqa: S608
        assert connection.execute(text.encode(), [YESTERDAY, YESTERDAY + DAY]).rowcount > 0


async def look(database: str) -> list[int]:
    """Buckets of each level that are reported after one more look, at yesterday too."""
    run(database, "update conservation_progress set took = interval '0', day = current_date")
    await Upkeep(database_settings(database), HOUR).run_due_tasks()
    async with open_connection(database_settings(database)) as connection:
        return [found.buckets for found in await read_report(connection)]


async def repair(database: str) -> list[Repair]:
    return await asyncio.to_thread(run_repair, database_settings(database), dry_run=False)


async def test_late_samples_raise_no_alarm(database: str) -> None:
    assert await look(database) == [0, 0, 0]
    for minute in range(4):
        late(database, 20 * MINUTE + minute * MINUTE, HOUR + minute * MINUTE)
        assert await look(database) == [0, 0, 0]
        assert run(database, "select from conservation_differences") > 0
        refresh(database)
        assert await look(database) == [0, 0, 0]
    refresh(database)
    assert await look(database) == [0, 0, 0]
    assert run(database, "select from conservation_differences") == 0


@pytest.mark.parametrize("level", LEVELS)
async def test_damage_is_reported_after_a_refresh_and_repaired(database: str, level: str) -> None:
    # What a repair before this has noted would repair it at once.
    refresh(database)
    damage(database, level)
    assert await look(database) == [0, 0, 0]
    refresh(database)
    # A refresh may carry the damage upward.
    reported = await look(database)
    assert reported[list(LEVELS).index(level)] == (1 if level == "agent_metrics_1d" else 24)
    done = await repair(database)
    assert [one.failure for one in done] == [None] * len(done)
    assert {one.relation for one in done} >= {level}
    check_aggregates(database, as_found=True)
    assert await look(database) == [0, 0, 0]
    assert await repair(database) == []


@pytest.mark.skipif(IS_FULL, reason="the log belongs to a superuser")
async def test_what_copy_loses_is_reported_and_repaired(database: str) -> None:
    """Samples of yesterday that no invalidation was written of, and no note."""
    with psycopg.connect(database, autocommit=True) as connection:
        store(connection, [row(YESTERDAY + timedelta(hours=7, seconds=7), 2)])
        connection.execute("truncate late_buckets")
        connection.execute(
            "delete from _timescaledb_catalog.continuous_aggs_hypertable_invalidation_log"
        )
    refresh(database)
    assert await look(database) == [0, 0, 0]
    refresh(database)
    assert await look(database) == [1, 1, 1]
    assert await repair(database)
    check_aggregates(database, as_found=True)
    assert await look(database) == [0, 0, 0]


async def test_the_platforms_rows_are_repaired_where_they_are_wrong(database: str) -> None:
    run(
        database,
        "update platform_metrics_1h set messages = messages - 1 where bucket = %s",
        YESTERDAY,
    )
    assert await look(database) == [0, 0, 0]
    refresh(database)
    assert await look(database) == [1, 1, 1]
    assert [one.relation for one in await repair(database)] == ["platform_metrics_1h"]
    check_aggregates(database, as_found=True)
    assert await look(database) == [0, 0, 0]

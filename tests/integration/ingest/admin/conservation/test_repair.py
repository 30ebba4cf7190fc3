"""`fleetgauge maintain --repair` on the Apache edition, alone and beside writers."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from ingest.admin import upkeep
from ingest.admin.conservation.check import check_day
from ingest.admin.conservation.command import describe_repairs
from ingest.admin.conservation.command import repair as run_repair
from ingest.admin.conservation.repair import Repair
from ingest.admin.maintain import MaintainError
from ingest.admin.upkeep import acquire_upkeep_lock, open_connection
from sql.edition import Edition
from sql.named import query
from sql.session import Session
from tests.integration.ingest.sessions import WAITING, blocks
from tests.support.aggregates import check_aggregates
from tests.support.rows import Row, insert, refresh, set_watermark
from tests.support.stack import database_settings
from tests.support.storing import add, batch_of, frame_of, store
from tests.support.waiting import until

# The other edition has its own, tests/community/test_conservation.py.
pytestmark = pytest.mark.edition("apache")

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOW = datetime.now(UTC)
LEVELS = ("agent_metrics_5m", "agent_metrics_1h", "agent_metrics_1d")


def fill(database: str, first: timedelta, last: timedelta, every: timedelta = 6 * HOUR) -> None:
    """Samples of two agents, from the one time ago to the other, none of them aggregated."""
    set_watermark(database)
    times = [NOW - first + n * every for n in range(int((first - last) / every) + 1)]
    rows = [
        Row(
            agent,
            ts,
            cpu=n % 90 if n % 4 else None,
            memory=7.5 if n % 5 else None,
            messages=n,
            errors=n % 2,
            response_ms=5.5 if n % 3 else None,
        )
        for agent in ("u/a", "u/b")
        for n, ts in enumerate(times)
    ]
    insert(database, rows)


def run(database: str, text: str, *values: Any) -> int:
    with psycopg.connect(database, autocommit=True) as connection:
        return connection.execute(text.encode(), values).rowcount


def differing(database: str) -> int:
    with psycopg.connect(database) as connection:
        rows = connection.execute("select from conservation_differences").fetchall()
    return len(rows)


async def repair(database: str, *, dry_run: bool = False) -> list[Repair]:
    return await asyncio.to_thread(run_repair, database_settings(database), dry_run=dry_run)


DAMAGE = [
    "delete from rollup_5m where agent_key = 1",
    "delete from rollup_1h where bucket > now() - interval '40 hours'",
    "delete from rollup_1d where agent_key = 2",
    "truncate rollup_5m, rollup_1h, rollup_1d",
    "update rollup_1h set messages = messages + 1, samples = samples + 1",
    "update platform_metrics_1h set errors = errors + 5",
    "delete from platform_metrics_1h",
    "truncate rollup_1h, platform_metrics_1h",
]


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("watermark", [NOW, NOW - 26 * HOUR])
async def test_everything_equals_the_samples_again(
    database: str, damage: str, watermark: datetime
) -> None:
    fill(database, 3 * DAY, 0 * DAY)
    refresh(database, watermark)
    assert await repair(database) == []
    run(database, damage)
    planned = await repair(database, dry_run=True)
    assert planned
    done = await repair(database)
    assert [(one.relation, one.bucket) for one in done] == [
        (one.relation, one.bucket) for one in planned
    ]
    assert not [one for one in done if one.failure or one.after is None]
    check_aggregates(database)
    assert differing(database) == 0
    assert await repair(database) == []


async def test_beside_writers_none_is_lost_or_doubled(database: str) -> None:
    """One has stored and not committed when the repair comes; one comes while it repairs."""
    fill(database, HOUR, 0 * DAY, timedelta(minutes=3))
    refresh(database, WATERMARK)
    run(database, "delete from rollup_5m where agent_key = 1")
    run(database, "delete from rollup_1h where agent_key = 1")
    async with (
        await AsyncConnection.connect(database) as early,
        await AsyncConnection.connect(database, autocommit=True) as late,
    ):
        await add(early, batch_of(frame_of([row(-1)])))
        repairing = asyncio.create_task(repair(database))
        await blocks(early)
        storing = asyncio.create_task(store_each(late))
        await early.commit()
        await repairing
        await storing
    check_aggregates(database)
    assert await repair(database) == []


WATERMARK = NOW - timedelta(minutes=20)


def row(seconds: int) -> tuple[Any, ...]:
    """A sample of so many seconds after the watermark."""
    return (WATERMARK + timedelta(seconds=seconds), 1, 50.0, 2.0, 7, 1, 3.5)


async def store_each(connection: AsyncConnection[Any]) -> None:
    """Samples around the watermark, each in a separate transaction."""
    for seconds in [*range(-30, -1), *range(1, 30)]:
        await store(connection, [row(seconds)])


async def test_an_erase_beside_it_waits_for_it(database: str) -> None:
    """It holds the samples first, as writers do, and then the aggregates."""
    fill(database, HOUR, 0 * DAY)
    async with (
        await AsyncConnection.connect(database) as repairing,
        await AsyncConnection.connect(database, autocommit=True) as erasing,
    ):
        await repairing.execute(query("lock_samples"))
        erase = asyncio.create_task(erasing.execute("select erase_metrics(1)"))
        await blocks(repairing)
        # A deadlock, where the erase held the aggregates already.
        await repairing.execute(query("lock_aggregates"))
        await repairing.commit()
        await erase
    check_aggregates(database)


async def test_a_writer_that_stays_is_waited_for(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Again and again, so that others do not queue behind the repair for long."""
    monkeypatch.setattr(upkeep, "SESSION", Session("fleetgauge-upkeep", {"lock_timeout": "200ms"}))
    fill(database, HOUR, 0 * DAY)
    refresh(database, NOW)
    run(database, "delete from rollup_5m where agent_key = 1")
    async with await AsyncConnection.connect(database) as writer:
        await add(writer, batch_of(frame_of([row(30)])))
        repairing = asyncio.create_task(repair(database))
        await blocks(writer)
        await blocks_nobody(writer)
        await blocks(writer)
        await writer.commit()
        assert [one.failure for one in await repairing] == [None]
    check_aggregates(database)


async def blocks_nobody(holder: AsyncConnection[Any]) -> None:
    async def probe() -> bool:
        await holder.execute("select pg_stat_clear_snapshot()")
        return await (await holder.execute(WAITING)).fetchone() == (0,)

    await until(probe, "nobody that waits", 60)


async def test_past_the_samples_a_finer_rollup_that_is_right_is_used(database: str) -> None:
    fill(database, 60 * DAY, 40 * DAY)
    refresh(database, NOW)
    run(database, "delete from agent_samples")
    await repair(database)
    run(database, "delete from rollup_1h where bucket < now() - interval '50 days'")
    run(database, "delete from rollup_1d where bucket < now() - interval '50 days'")
    before = sums(database)
    await look_at_all(database)
    done = await repair(database)
    assert {one.relation for one in done} == {"agent_metrics_1h", "agent_metrics_1d"}
    assert not [one for one in done if one.failure]
    assert sums(database) == [before[0], before[0], before[0]]


async def test_what_cannot_be_recomputed_is_a_failure_and_stays(database: str) -> None:
    fill(database, 60 * DAY, 40 * DAY)
    refresh(database, NOW)
    run(database, "delete from agent_samples")
    await repair(database)
    run(database, "delete from rollup_5m where bucket < now() - interval '59 days'")
    await look_at_all(database)
    done = await repair(database)
    assert {one.relation for one in done} == {"agent_metrics_5m"}
    assert {one.failure for one in done} == {
        "the raw samples are gone, and no finer rollup agrees with the platform's rows"
    }
    assert differing(database) == len(done)
    assert "failed: the raw samples are gone" in describe_repairs(done)


async def test_another_session_of_upkeep_is_reported(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "WAIT_S", 0.1)
    async with open_connection(database_settings(database)) as other:
        await acquire_upkeep_lock(other)
        with pytest.raises(MaintainError, match="another 'fleetgauge maintain': try again"):
            await repair(database)


def sums(database: str) -> list[int]:
    """Samples in each level."""
    text = "select (select sum(samples)::integer from {0}), (select sum(samples)::integer from {1})"
    text += ", (select sum(samples)::integer from {2})"
    with psycopg.connect(database) as connection:
        ((*found,),) = connection.execute(text.format(*LEVELS).encode()).fetchall()
    return found


async def look_at_all(database: str) -> None:
    """The check of all history at once."""
    async with open_connection(database_settings(database)) as connection:
        for days in range(62):
            await check_day(connection, Edition.APACHE, (NOW - days * DAY).date())

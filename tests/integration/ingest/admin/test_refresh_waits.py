"""What a refresh waits for, who waits with it, and when it tries again."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg
from psycopg import AsyncConnection

from ingest.admin.refresh import SESSION, Connection, RefreshJob, is_alone, refresh
from sql.connect import connected
from sql.named import query
from tests.integration.ingest.sessions import blocks
from tests.support.aggregates import check_aggregates
from tests.support.rows import Row, agent_keys, insert, set_watermark
from tests.support.stack import database_settings
from tests.support.storing import add, batch_of, frame_of, store
from tests.support.waiting import until

NOW = datetime(2026, 3, 10, 12, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
PERIOD_S = 0.05


async def test_only_late_writers_wait_with_a_refresh_that_waits_for_late_ones(
    database: str,
) -> None:
    """And it waits for those longer than its session waits for other locks."""
    with psycopg.connect(database) as connecting:
        (key,) = agent_keys(connecting, ["u/a"]).values()
    set_watermark(database, NOW)
    async with (
        await AsyncConnection.connect(database, autocommit=True) as connection,
        await AsyncConnection.connect(database) as late,
        await AsyncConnection.connect(database, autocommit=True) as live,
    ):
        # A chunk that is there, for who creates one keeps others waiting.
        await store(live, [(NOW + MINUTE, key, 1.0, 2.0, 3, 0, None)])
        await connection.execute("set lock_timeout = '100ms'")
        await live.execute("set lock_timeout = '100ms'")
        await add(late, batch_of(frame_of([(NOW - MINUTE, key, 1.0, 2.0, 3, 0, None)])))
        refreshing = asyncio.create_task(refresh(connection, NOW + 3 * MINUTE))
        await blocks(late)
        await store(live, [(NOW + 5 * MINUTE, key, 1.0, 2.0, 3, 0, None)], shard=1)
        # Longer than the limit.
        await asyncio.wait({refreshing}, timeout=0.3)
        assert not refreshing.done()
        await late.commit()
        assert await refreshing == NOW + 3 * MINUTE
    check_aggregates(database)


async def find(_: Connection) -> datetime:
    """The frontier."""
    return NOW


def fill(database: str) -> None:
    """A day and more of samples, none of them aggregated."""
    set_watermark(database)
    insert(database, [Row("u/a", NOW - n * HOUR, messages=n) for n in range(30)])


def read(database: str, text: str) -> tuple[Any, ...]:
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        return tuple(connection.execute(text.encode()).fetchone() or ())


async def reads(database: str, text: str, *expected: Any) -> None:
    """Returns when a query answers this."""

    async def answers() -> bool:
        return read(database, text) == expected

    await until(answers, f"{expected} of {text}", 60)


WATERMARK = "select watermark from rollup_watermark"


async def test_one_that_a_lock_kept_from_its_turn_tries_again_at_the_next_look(
    database: str,
) -> None:
    """Not an hour later; one that went well comes after an hour."""
    fill(database)
    asked: list[Connection] = []

    async def counted(connection: Connection) -> datetime:
        asked.append(connection)
        return await find(connection)

    running = asyncio.create_task(
        RefreshJob(database_settings(database), counted, HOUR).run(PERIOD_S)
    )
    try:
        async with await AsyncConnection.connect(database) as writer:
            await writer.execute(query("hold_watermark"), {"oldest": [NOW]})
            failure = "select failure from upkeep where task = 'refresh'"
            await reads(database, failure, "canceling statement due to lock timeout")
        await reads(database, WATERMARK, NOW)
        await reads(database, failure, None)
        times = len(asked)
        counted_at = read(database, "select counted_at from platform_summary")[0]

        async def looked() -> bool:
            text = "select counted_at > %s from platform_summary"
            with psycopg.connect(database) as connection:
                return connection.execute(text, [counted_at]).fetchone() == (True,)

        await until(looked, "another look", 60)
        assert len(asked) == times
    finally:
        running.cancel()
        await asyncio.wait({running})
    check_aggregates(database)


async def test_a_session_that_is_silent_for_too_long_leaves_it_to_another_one(
    database: str,
) -> None:
    """As of a process that is frozen; the server ends it."""
    settings = database_settings(database)
    brief = replace(SESSION, settings={**SESSION.settings, "idle_session_timeout": "300ms"})
    async with connected(settings, brief) as frozen, connected(settings, SESSION) as other:
        assert await is_alone(frozen)
        assert not await is_alone(other)
        await until(lambda: is_alone(other), "the lock", 60)
        cursor = await other.execute("select current_setting('idle_session_timeout')")
        assert await cursor.fetchone() == ("15min",)


# Each part takes longer than the period, and notes which summary it finds.
SLOW = """
    create table found (counted_at timestamptz);
    alter function aggregate_samples(timestamptz) rename to aggregate_at_once;
    create function aggregate_samples(upto timestamptz) returns void
    language plpgsql as $$
    begin
        insert into found select counted_at from platform_summary;
        perform pg_sleep(0.06);
        perform aggregate_at_once(upto);
    end
    $$;
"""


async def test_the_fleet_is_counted_between_the_parts_of_a_long_refresh(database: str) -> None:
    fill(database)
    with psycopg.connect(database) as connection:
        connection.execute(SLOW)
    running = asyncio.create_task(RefreshJob(database_settings(database), find, HOUR).run(PERIOD_S))
    try:
        await reads(database, WATERMARK, NOW)
    finally:
        running.cancel()
        await asyncio.wait({running})
    ((parts, summaries),) = [
        read(database, "select count(*), count(distinct counted_at) from found")
    ]
    # Counting takes its time too, and is done for a tenth of it.
    assert parts > 20
    assert summaries >= 2
    check_aggregates(database)


async def test_parts_that_take_long_are_made_shorter(database: str) -> None:
    """Late writers wait for one, and so does the fleet's count; a bucket is not split for that."""
    fill(database)
    reached: list[datetime] = []

    async def note(watermark: datetime) -> None:
        reached.append(watermark.astimezone(UTC))

    async with await AsyncConnection.connect(database, autocommit=True) as connection:
        await refresh(connection, NOW, note, part_s=0.0)
    midnight = (NOW - 29 * HOUR).replace(hour=0, minute=0)
    first = [(reached[n] - midnight) / MINUTE for n in range(6)]
    assert first == [60, 90, 105, 112.5, 115, 120]
    steps = {later - earlier for earlier, later in pairwise(reached[4:-1])}
    assert steps == {5 * MINUTE}
    assert reached[-1] == NOW
    check_aggregates(database)

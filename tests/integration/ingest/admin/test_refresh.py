"""The refresh on a real database: one for all, an hour at a time; how failures are noted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from prometheus_client import REGISTRY
from psycopg import AsyncConnection
from structlog.testing import capture_logs

from ingest.admin.frontier import DISORDER, Frontier
from ingest.admin.refresh import Connection, FindFrontier, RefreshJob, refresh
from ingest.admin.upkeep import read_state
from schemas.settings import KafkaSettings
from sql.named import query
from tests.support.aggregates import check_aggregates
from tests.support.kafka import Put, put
from tests.support.proxy import proxy_to
from tests.support.rows import LONG_AGO, Row, insert, set_watermark
from tests.support.stack import Stack, Topics, database_settings, free_port
from tests.support.waiting import until

# A moment within an hour, and within a bucket of 5 minutes.
NOW = datetime.now(UTC).replace(minute=32, second=10, microsecond=0) - timedelta(hours=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
PERIOD_S = 0.05


@pytest.fixture
def database(database: str) -> str:
    """One in which nothing is aggregated yet."""
    set_watermark(database)
    return database


class Asked:
    """Finds a frontier, and counts who asks."""

    def __init__(self, frontier: datetime | None) -> None:
        self.frontier = frontier
        self.times = 0

    async def find(self, _: Connection) -> datetime | None:
        self.times += 1
        return self.frontier


@asynccontextmanager
async def refreshing(database: str, find: FindFrontier) -> AsyncIterator["asyncio.Task[None]"]:
    """A refresh at each look, within."""
    running = asyncio.create_task(
        RefreshJob(database_settings(database), find, timedelta()).run(PERIOD_S)
    )
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.wait({running})


def read(database: str, text: str) -> tuple[Any, ...]:
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        return tuple(connection.execute(text.encode()).fetchone() or ())


def watermark(database: str) -> datetime:
    found: datetime = read(database, "select watermark from rollup_watermark")[0]
    return found


async def reaches(database: str, moment: datetime) -> None:
    async def reached() -> bool:
        return watermark(database) == moment

    await until(reached, f"a watermark of {moment}", 60)


async def noted(database: str, words: str | None) -> None:
    """Returns when the last refresh failed with these words; without, when it went well."""

    async def found() -> bool:
        row = read(database, "select failure from upkeep where task = 'refresh'")
        return bool(row) and (words in (row[0] or "") if words else row[0] is None)

    await until(found, f"a refresh that ended with {words}", 60)


async def test_what_is_before_the_frontier_is_aggregated(database: str) -> None:
    insert(database, [Row("u/a", NOW - n * MINUTE, cpu=n, messages=n) for n in range(200)])
    asked = Asked(NOW)
    async with refreshing(database, asked.find):
        await reaches(database, NOW)
        counted = "select sum(samples) from rollup_5m"
        assert read(database, counted) == (199,)
        # A frontier that lies back leaves it where it is, and so does one that nobody knows.
        for frontier in (NOW - HOUR, None):
            asked.frontier, before = frontier, asked.times

            async def asked_again(before: int = before) -> bool:
                return asked.times > before + 2

            await until(asked_again, "another look", 60)
            assert watermark(database) == NOW
        asked.frontier = NOW + MINUTE
        await reaches(database, NOW + MINUTE)
        assert read(database, counted) == (200,)

        async def is_exported() -> bool:
            name = "fleetgauge_watermark_timestamp_seconds"
            return REGISTRY.get_sample_value(name) == (NOW + MINUTE).timestamp()

        await until(is_exported, "the metric", 60)
    check_aggregates(database)


async def test_one_refreshes_for_all_and_another_one_after_it(database: str) -> None:
    first, second = Asked(NOW), Asked(NOW + MINUTE)
    async with refreshing(database, second.find):
        async with refreshing(database, first.find):

            async def both_looked() -> bool:
                return first.times + second.times > 5

            await until(both_looked, "some refreshes", 60)
            assert 0 in {first.times, second.times}
            works, waits = (first, second) if first.times else (second, first)
            assert watermark(database) == works.frontier
        if works is first:

            async def took_over() -> bool:
                return waits.times > 0

            await until(took_over, "the other one at work", 60)


async def test_it_goes_an_hour_at_a_time(database: str) -> None:
    insert(database, [Row("u/a", NOW - n * HOUR, messages=n) for n in range(30)])
    parts = "fleetgauge_refresh_seconds_count"
    before = REGISTRY.get_sample_value(parts) or 0
    async with await AsyncConnection.connect(database, autocommit=True) as connection:
        assert await refresh(connection, NOW) == NOW
    oldest = (NOW - 29 * HOUR).replace(hour=0, minute=0, second=0)
    hours = -(-(NOW - oldest) // HOUR)
    # From the oldest chunk on, not from the first watermark.
    assert (REGISTRY.get_sample_value(parts) or 0) - before == hours
    assert read(database, "select count(*) from rollup_1h")[0] == 29
    check_aggregates(database)


# A server that has no room for more than seven minutes at once.
NARROW = """
    alter function aggregate_samples(timestamptz) rename to aggregate_all;
    create function aggregate_samples(upto timestamptz) returns void
    language plpgsql as $$
    begin
        if upto > (select watermark + interval '7 minutes' from rollup_watermark) then
            raise exception 'array size exceeds the maximum allowed'
            using errcode = 'program_limit_exceeded';
        end if;
        perform aggregate_all(upto);
    end
    $$;
"""


async def test_what_is_too_much_at_once_is_done_in_smaller_parts(database: str) -> None:
    insert(database, [Row("u/a", NOW - n * MINUTE, messages=n) for n in range(90)])
    async with await AsyncConnection.connect(database, autocommit=True) as connection:
        await refresh(connection, NOW - 90 * MINUTE)
        await connection.execute(NARROW)
        assert await refresh(connection, NOW) == NOW
    check_aggregates(database)


async def test_a_stop_in_the_middle_loses_nothing(database: str) -> None:
    """The hours that were aggregated stay so, and nobody holds the locks."""
    insert(database, [Row("u/a", NOW - n * HOUR, messages=n) for n in range(30)])
    async with (
        await AsyncConnection.connect(database) as writer,
        await AsyncConnection.connect(database, autocommit=True) as connection,
    ):
        await refresh(connection, NOW - 10 * HOUR)
        await connection.execute("set lock_timeout = '100ms'")
        await writer.execute(query("hold_watermark"), {"oldest": [NOW - 5 * HOUR]})
        with pytest.raises(psycopg.errors.LockNotAvailable):
            await refresh(connection, NOW)
    assert watermark(database) == NOW - 10 * HOUR
    check_aggregates(database)
    async with await AsyncConnection.connect(database, autocommit=True) as connection:
        assert await refresh(connection, NOW + MINUTE) == NOW + MINUTE
    check_aggregates(database)


async def test_a_writer_that_holds_it_up_costs_an_attempt(database: str) -> None:
    insert(database, [Row("u/a", NOW - n * MINUTE) for n in range(9)])
    failures = {"task": "refresh"}
    before = REGISTRY.get_sample_value("fleetgauge_upkeep_failures_total", failures) or 0
    async with (
        await AsyncConnection.connect(database) as writer,
        refreshing_after_holding(database, writer),
    ):
        await noted(database, "canceling statement due to lock timeout")
        assert watermark(database) == LONG_AGO
        failed = REGISTRY.get_sample_value("fleetgauge_upkeep_failures_total", failures) or 0
        assert failed > before
        await writer.commit()
        await reaches(database, NOW)
        await noted(database, None)
    check_aggregates(database)


@asynccontextmanager
async def refreshing_after_holding(
    database: str, writer: AsyncConnection[Any]
) -> AsyncIterator[None]:
    await writer.execute(query("hold_watermark"), {"oldest": [NOW - HOUR]})
    async with refreshing(database, Asked(NOW).find):
        yield


async def test_a_broker_that_is_away_is_noted(
    database: str, stack: Stack, made_topics: Topics, kafka: KafkaSettings
) -> None:
    insert(database, [Row("u/a", NOW - n * MINUTE) for n in range(9)])
    port = free_port()
    nowhere = kafka.model_copy(update={"kafka_bootstrap": f"127.0.0.1:{port}"})
    async with refreshing(database, Frontier(nowhere).find):
        await noted(database, f"no broker answers at 127.0.0.1:{port}")
        assert watermark(database) == LONG_AGO

        async def counted() -> bool:
            return read(database, "select count(*) from platform_summary") == (1,)

        # Nor does the rest wait for it.
        await until(counted, "the fleet's figures", 60)
    async with refreshing(database, Frontier(kafka).find):
        await noted(database, None)
        assert watermark(database) > NOW


async def test_records_that_nobody_stored_hold_it_back(
    database: str, stack: Stack, made_topics: Topics, kafka: KafkaSettings
) -> None:
    insert(database, [Row("u/a", NOW - n * MINUTE) for n in range(9)])
    await put(stack, made_topics.samples, [Put(b"{}", b"k")])
    async with refreshing(database, Frontier(kafka).find):
        await noted(database, None)
        assert watermark(database) == LONG_AGO


@pytest.mark.parametrize("off", [timedelta(days=1), -timedelta(days=1)])
async def test_the_earlier_of_two_clocks_counts(
    database: str, made_topics: Topics, kafka: KafkaSettings, off: timedelta
) -> None:
    """This host's and the database's, of which one is wrong."""
    host = datetime.now(UTC) + off
    async with await AsyncConnection.connect(database) as connection:
        found = await Frontier(kafka, lambda: host).find(connection)
    assert found is not None
    assert found <= min(host, datetime.now(UTC)) - DISORDER
    assert found > min(host, datetime.now(UTC)) - MINUTE


async def test_a_database_that_is_away_is_waited_for(database: str) -> None:
    insert(database, [Row("u/a", NOW - n * MINUTE) for n in range(9)])
    asked = Asked(NOW - HOUR)
    async with proxy_to(database) as (proxy, through):
        with capture_logs() as logged:
            async with refreshing(through, asked.find) as running:
                await reaches(database, NOW - HOUR)
                proxy.refuse()

                async def complained() -> bool:
                    return any(entry["event"] == "refresh not run" for entry in logged)

                await until(complained, "a warning", 60)
                asked.frontier = NOW
                proxy.accept()
                await reaches(database, NOW)
                assert not running.done()
    check_aggregates(database)


async def test_a_refresh_that_nobody_does_is_overdue(database: str) -> None:
    async with await AsyncConnection.connect(database) as connection:
        now = datetime.now(UTC)
        states = {state.task: state for state in await read_state(connection, now)}
        assert states["refresh"].is_overdue
        async with refreshing(database, Asked(now).find):
            await noted(database, None)
        for later, is_overdue in ((9 * MINUTE, False), (11 * MINUTE, True)):
            states = {one.task: one for one in await read_state(connection, now + later)}
            assert states["refresh"].is_overdue is is_overdue

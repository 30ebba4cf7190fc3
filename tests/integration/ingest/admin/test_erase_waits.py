"""What `fleetgauge erase` waits for, who waits for it, and what it says when it gives up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from ingest.admin.erase import Erased, EraseError, Subject, erase
from ingest.admin.refreshes import without_refreshes
from ingest.admin.upkeep import Connection
from schemas.settings import DatabaseSettings
from sql.connect import connected
from sql.named import query
from sql.session import Session
from tests.integration.ingest.sessions import blocks, waits
from tests.support.aggregates import check_aggregates
from tests.support.rows import Row, insert
from tests.support.stack import database_settings

NOW = datetime.now(UTC)
ALICE = Subject("alice")
# Of a writer: not until now, and not for long.
HASTY = {"lock_timeout": "200ms"}


@pytest.fixture
def settings(database: str) -> DatabaseSettings:
    """A database with two users' samples."""
    hours = [timedelta(hours=n) for n in range(5)]
    insert(database, [Row(agent, NOW - ago) for ago in hours for agent in ("alice/a", "bob/a")])
    return database_settings(database)


@asynccontextmanager
async def session(settings: DatabaseSettings, name: str) -> AsyncIterator[Connection]:
    """One that waits for a lock no longer than a moment."""
    async with connected(settings, Session(f"fleetgauge-{name}", HASTY)) as connection:
        yield connection


def erasing(settings: DatabaseSettings, *patience_s: float) -> "asyncio.Task[list[Erased]]":
    """An erase that goes on beside the test."""
    return asyncio.create_task(asyncio.to_thread(erase, settings, ALICE, *patience_s))


async def test_no_writer_waits_for_an_erase_that_waits_for_a_refresh(
    settings: DatabaseSettings,
) -> None:
    """Another one waits for the refresh itself: the erase does not queue behind that one either."""
    async with (
        session(settings, "refresh") as refresh,
        session(settings, "ingest") as late,
        session(settings, "ingest") as writer,
    ):
        await refresh.execute("begin")
        await refresh.execute(query("lock_aggregates"))
        await late.execute("set lock_timeout = 0")
        await late.execute("begin")
        await late.execute("lock table ingest_offsets in row share mode")
        waiting = asyncio.create_task(
            late.execute(query("hold_watermark"), {"oldest": [NOW - timedelta(days=9)]})
        )
        await blocks(refresh)
        running = erasing(settings)
        await waits(refresh, "fleetgauge-erase")
        async with writer.transaction():
            await writer.execute("lock table ingest_offsets in row share mode")
        assert not running.done()
        await refresh.execute("commit")
        await waiting
        await late.execute("commit")
        await running
    check_aggregates(settings.current_url())


async def test_writers_that_come_meanwhile_go_before_it(settings: DatabaseSettings) -> None:
    """It waits for a writer that takes long, and never for long at once."""
    async with session(settings, "ingest") as slow, session(settings, "ingest") as writer:
        await slow.execute("begin")
        await slow.execute("lock table ingest_offsets in row share mode")
        running = erasing(settings)
        await waits(slow, "fleetgauge-erase")
        await writer.execute("set lock_timeout = '5s'")
        async with writer.transaction():
            await writer.execute("lock table ingest_offsets in row share mode")
        assert not running.done()
        await slow.execute("commit")
        await running


async def test_a_refresh_that_comes_between_stops_nobody(settings: DatabaseSettings) -> None:
    """It waits for the erase, a late writer for it, and the erase for that writer's offsets."""
    async with session(settings, "ingest") as late, session(settings, "refresh") as refresh:

        async def aggregate() -> None:
            await refresh.execute("set lock_timeout = 0")
            async with refresh.transaction():
                await refresh.execute(query("lock_aggregates"))

        await late.execute("set lock_timeout = 0")
        async with late.transaction():
            await late.execute("lock table ingest_offsets in row share mode")
            running = erasing(settings)
            await waits(late, "fleetgauge-erase")
            refreshing = asyncio.create_task(aggregate())
            await waits(late, "fleetgauge-refresh")
            await late.execute(query("hold_watermark"), {"oldest": [NOW - timedelta(days=9)]})
        await running
        await refreshing


HELD = {
    "a refresh": ("refresh", "lock_aggregates", "the aggregates"),
    "a writer": ("ingest", "lock_offsets", "the stored offsets"),
}


@pytest.mark.parametrize("who", HELD)
async def test_who_is_waited_for_is_named(
    database: str, settings: DatabaseSettings, who: str
) -> None:
    name, lock, what = HELD[who]
    # Beside one that is not in the way.
    async with session(settings, name) as holder, session(settings, "serve") as other:
        await other.execute("begin")
        await other.execute("select from ingest_offsets cross join rollup_watermark")
        await holder.execute("begin")
        await holder.execute(query(lock), {"topics": ["s"], "partitions": [0]})
        with pytest.raises(EraseError) as raised:
            await erasing(settings, 0.2)
        pid = holder.info.backend_pid
        assert str(raised.value) == (
            f"nothing was erased: waited 0.2 seconds for {what}, held by fleetgauge-{name} "
            f"(process {pid}); try again, and see 'fleetgauge doctor'"
        )
    assert agents(database) == 2


async def test_between_an_agent_and_its_samples_the_refresh_is_named_too(
    database: str, settings: DatabaseSettings
) -> None:
    """It comes when the agents are gone, and stays."""
    with psycopg.connect(database) as connection:
        connection.execute(
            "create function hold() returns trigger language plpgsql as $$ begin "
            "perform pg_advisory_lock_shared(1); return null; end $$; "
            "create trigger hold after delete on agents execute function hold()"
        )
    async with session(settings, "refresh") as refresh, session(settings, "gate") as gate:
        await gate.execute("select pg_advisory_lock(1)")
        running = erasing(settings, 0.5)
        await blocks(gate)
        await refresh.execute("set lock_timeout = 0")
        await refresh.execute("begin")
        holding = asyncio.create_task(refresh.execute(query("lock_aggregates")))
        await waits(gate, "fleetgauge-refresh")
        await gate.execute("select pg_advisory_unlock(1)")
        await holding
        with pytest.raises(
            EraseError, match=r"are erased, but .*held by fleetgauge-refresh \(process "
        ):
            await running


async def test_the_servers_jobs_are_kept_away(database: str, settings: DatabaseSettings) -> None:
    """One that runs may have read the samples: before it ends nothing is erased."""
    async with session(settings, "job") as job, without_refreshes(job):
        with pytest.raises(EraseError, match=r"^nothing was erased: .* by fleetgauge-job \(pro"):
            await erasing(settings, 0.2)
        assert agents(database) == 2
        running = erasing(settings)
        await job.execute("select pg_sleep(0.1)")
        assert not running.done()
    await running
    async with session(settings, "job") as job, without_refreshes(job, patience_s=0):
        pass


async def test_the_servers_jobs_are_kept_away_until_all_is_erased(
    database: str, settings: DatabaseSettings
) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "alter function erase_metrics(integer) rename to erase_all;"
            "create function erase_metrics(erased integer) "
            "returns table (relation text, removed bigint) language plpgsql as $$ begin "
            "assert exists (select from pg_locks where locktype = 'advisory' and granted "
            "and pid = pg_backend_pid() and mode = 'ExclusiveLock' "
            "and (classid::bigint << 32) | objid::bigint = x'72656672657368'::bigint); "
            "return query select * from erase_all(erased); end $$"
        )
    await erasing(settings)
    assert agents(database) == 1


async def test_a_database_without_tables_says_so(empty_database: str) -> None:
    with pytest.raises(EraseError, match=r"^the database is not migrated: run 'fleetgauge mi"):
        await erasing(database_settings(empty_database))


def agents(database: str) -> int:
    with psycopg.connect(database) as connection:
        ((found,),) = connection.execute("select count(*)::integer from agents").fetchall()
    return int(found)

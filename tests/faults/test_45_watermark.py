"""Writers, refreshes, retention, erase, repair and kills at once: aggregates are the raw samples at
every moment."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection, IsolationLevel

from ingest.admin.retention import NotAggregatedError, drop_chunks
from sql.named import query
from tests.support.rows import agent_keys, put, set_watermark
from tests.support.storing import store
from tests.support.waiting import until

pytestmark = [
    pytest.mark.fault(45, "watermark moves beside writers"),
    # The other edition's levels are exact after its jobs: tests/community/test_refresh.py.
    pytest.mark.edition("apache"),
]

DIFFERENCES = Path(__file__).parents[1] / "support" / "differences"
DAY, MINUTE, SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)
# A little before midnight: hours and days end soon.
START = datetime(2026, 3, 9, 22, 58, tzinfo=UTC)
BATCHES = 60
OF_AN_HOUR = ("platform_metrics_1h", "agent_metrics_5m", "agent_metrics_1h")
Row = tuple[Any, ...]


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[AsyncConnection[Any]]:
    # A wait for a lock is cut short, as ingest's upkeep does.
    options = "-c timezone=UTC -c lock_timeout=5s"
    async with await AsyncConnection.connect(url, autocommit=True, options=options) as connection:
        yield connection


async def differences(connection: AsyncConnection[Any]) -> list[Any]:
    """What the aggregates have and the samples have not, or the other way, in one snapshot."""
    found: list[Any] = []
    await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    async with connection.transaction():
        for name in ("levels", "platform_metrics_1h", "agent_newest"):
            cursor = await connection.execute((DIFFERENCES / f"{name}.sql").read_bytes())
            found += await cursor.fetchall()
    return found


class World:
    """One database in which time passes by the steps that writers make."""

    def __init__(self, url: str, rng: random.Random, keys: list[int]) -> None:
        self.url = url
        self.rng = rng
        self.keys = keys
        # An agent that will be erased, and its successors. Nobody stores its samples after that.
        self.brief = max(keys) + 1
        self.in_flight: dict[int, set[int]] = {}
        self.now = START
        self.writers_left = 2
        self.killed = self.erased = self.repaired = self.looked = 0

    def batch(self) -> list[Row]:
        """Mostly of now; some late by minutes, hours or a day; some agents in a bucket twice."""
        late = self.rng.choice([timedelta(0)] * 6 + [MINUTE, 7 * MINUTE, 2 * 60 * MINUTE, DAY])
        return [self._row(late) for _ in range(self.rng.randint(1, 30))]

    def _row(self, late: timedelta) -> Row:
        ts = self.now - late - self.rng.randrange(90) * SECOND
        key = self.rng.choice([*self.keys, self.brief])
        cpu, memory, response_ms, used, total = (self._figure() for _ in range(5))
        if key == self.brief:
            # The platform's maxima stay when it is erased.
            cpu = memory = None
        return (ts, key, cpu, memory, self.rng.randrange(9), 1, response_ms, used, total)

    def _figure(self) -> float | None:
        return self.rng.choice([None, float(self.rng.randrange(100))])

    async def pause(self) -> None:
        await asyncio.sleep(self.rng.choice([0, 0, 0.002, 0.02]))

    async def write(self, shard: int) -> None:
        """Batches, each until it is stored, in part what was sent before."""
        sent: list[Row] = []
        for _ in range(BATCHES):
            self.now += self.rng.choice([SECOND, 40 * SECOND, 9 * MINUTE, 50 * MINUTE])
            sent = [row for row in sent if row[1] <= max(self.keys) or row[1] == self.brief]
            again = self.rng.sample(sent, min(len(sent), self.rng.choice([0, 0, 0, 5])))
            rows = [*self.batch(), *again]
            sent += rows
            self.in_flight[shard] = {row[1] for row in rows}
            while True:
                with suppress(psycopg.OperationalError):
                    async with connected(self.url) as connection:
                        await store(connection, rows, shard, self.pause)
                        break
            self.in_flight[shard] = set()
        self.writers_left -= 1

    async def refresh(self) -> None:
        """Up to moments around now, and sometimes ahead of what is on its way."""
        while self.writers_left:
            upto = self.now - self.rng.choice([-MINUTE, 0 * MINUTE, 15 * SECOND, 3 * MINUTE])
            with suppress(psycopg.OperationalError):
                async with connected(self.url) as connection:
                    await connection.execute("call refresh_samples(%s)", [upto])
            await self.pause()

    async def drop(self) -> None:
        """What no late sample reaches back to any more."""
        while self.writers_left:
            with suppress(psycopg.OperationalError, NotAggregatedError):
                async with connected(self.url) as connection:
                    before = self.now - 3 * DAY
                    async for _ in drop_chunks(connection, "agent_samples", before):
                        pass
            await asyncio.sleep(0.05)

    async def erase(self) -> None:
        """An agent's samples and rollups, when the batches are stored that know it."""
        while self.writers_left:
            erased, self.brief = self.brief, self.brief + 1

            async def is_fenced(erased: int = erased) -> bool:
                return all(erased not in keys for keys in self.in_flight.values())

            await until(is_fenced, "batches without the agent", 60)
            with suppress(psycopg.OperationalError):
                async with connected(self.url) as connection:
                    await connection.execute(query("erase_metrics"), {"agent_key": erased})
                    self.erased += 1
            await asyncio.sleep(self.rng.uniform(0.1, 0.4))

    async def repair(self) -> None:
        """An hour and its day, as where they differ."""
        while self.writers_left:
            hour = self.now.replace(minute=0, second=0) - self.rng.randrange(26) * 60 * MINUTE
            starts = {**dict.fromkeys(OF_AN_HOUR, hour), "agent_metrics_1d": hour.replace(hour=0)}
            with suppress(psycopg.OperationalError):
                async with connected(self.url) as connection, connection.transaction():
                    await connection.execute(query("lock_samples"))
                    await connection.execute(query("lock_aggregates"))
                    for relation, start in starts.items():
                        await connection.execute(query(f"clear_{relation}"), {"start": start})
                        await connection.execute(query(f"fill_{relation}"), {"start": start})
                self.repaired += 1
            await asyncio.sleep(self.rng.uniform(0.1, 0.4))

    async def kill(self) -> None:
        """Some session but the reader's, in the middle of whatever it does."""
        async with connected(self.url) as connection:
            while self.writers_left:
                await asyncio.sleep(self.rng.uniform(0.05, 0.3))
                cursor = await connection.execute(
                    "select count(*) filter (where pg_terminate_backend(pid)) from ("
                    "select pid from pg_stat_activity where datname = current_database() "
                    "and pid <> pg_backend_pid() and application_name <> 'reader' "
                    "and backend_type = 'client backend' order by random() limit 1) as chosen"
                )
                ((killed,),) = await cursor.fetchall()
                self.killed += killed

    async def read(self) -> None:
        """Looks at all of it again and again, and once more at the end."""
        async with connected(self.url + "?application_name=reader") as connection:
            # A batch is visible for a moment before other sessions learn of the chunk that it
            # created, and a prepared plan lacks that chunk.
            connection.prepare_threshold = None
            while True:
                is_last = not self.writers_left
                found = await differences(connection)
                assert not found, "\n".join(map(str, found))
                self.looked += 1
                if is_last:
                    return


@pytest.mark.runs(short=2, long=30)
async def test_levels_are_the_samples_at_every_moment(
    rng: random.Random, database: str, run: int
) -> None:
    with psycopg.connect(database) as connection:
        keys = list(agent_keys(connection, ["u/a", "u/b", "v/a", "v/b"]).values())
    set_watermark(database, START)
    # Without any chunk, other plans lack the first one too.
    put(database, [(START, keys[0], 1.0, 2.0, 3, 0)])
    world = World(database, rng, keys)
    async with asyncio.TaskGroup() as tasks:
        for shard in range(2):
            tasks.create_task(world.write(shard))
        for work in (world.refresh, world.drop, world.erase, world.repair, world.kill, world.read):
            tasks.create_task(work())
    assert min(world.killed, world.erased, world.repaired) >= 5
    assert world.looked >= 10


async def take_away(url: str, text: str, left: str) -> None:
    """Makes `hold_watermark` without this text, or with what is left of it."""
    async with connected(url) as connection:
        cursor = await connection.execute("select pg_get_functiondef('hold_watermark'::regproc)")
        ((found,),) = await cursor.fetchall()
        assert text in found
        await connection.execute(found.replace(text, left).encode())


async def is_blocked(connection: AsyncConnection[Any], pid: int, done: asyncio.Task[Any]) -> bool:
    cursor = await connection.execute("select cardinality(pg_blocking_pids(%s)) > 0", [pid])
    ((blocked,),) = await cursor.fetchall()
    return blocked or done.done()


async def refresh_while_a_writer_commits(url: str, key: int, now: datetime) -> None:
    """The writer has read the frontier before it moves, and commits after that."""
    go = asyncio.Event()
    paused = asyncio.Event()

    async def pause_before_commit() -> None:
        if pauses.pop():
            paused.set()
            await go.wait()

    pauses = [True, False]
    async with connected(url) as writer, connected(url) as upkeep, connected(url) as looking:
        rows = [(now + SECOND, key, 1.0, 2.0, 3, 0, None)]
        writing = asyncio.create_task(store(writer, rows, 0, pause_before_commit))
        await paused.wait()
        upto = now + MINUTE
        refreshing = asyncio.create_task(upkeep.execute("call refresh_samples(%s)", [upto]))
        pid = upkeep.info.backend_pid
        await until(partial(is_blocked, looking, pid, refreshing), "a refresh that waits", 60)
        go.set()
        await writing
        await refreshing
        assert await differences(looking) == []


async def write_while_a_refresh_commits(url: str, key: int, now: datetime) -> None:
    """The writer's sample is older than the frontier, and the refresh has not seen it."""
    async with connected(url) as writer, connected(url) as upkeep, connected(url) as looking:
        upto = now + MINUTE
        await looking.execute("update rollup_watermark set frontier = %s", [upto])
        async with upkeep.transaction():
            await upkeep.execute("select pg_advisory_xact_lock(lock_of_aggregates())")
            await upkeep.execute("select aggregate_samples(%s)", [upto])
            rows = [(now + SECOND, key, 1.0, 2.0, 3, 0, None)]
            writing = asyncio.create_task(store(writer, rows))
            pid = writer.info.backend_pid
            await until(partial(is_blocked, looking, pid, writing), "a writer that waits", 60)
        await writing
        assert await differences(looking) == []


async def read_while_a_refresh_announces(url: str, key: int, now: datetime) -> None:
    """The writer has read the frontier without lock 1, and gets it when that has moved."""
    async with (
        connected(url) as gate,
        connected(url) as writer,
        connected(url) as upkeep,
        connected(url) as looking,
    ):
        rows = [(now + SECOND, key, 1.0, 2.0, 3, 0, None)]
        pid = writer.info.backend_pid
        async with upkeep.transaction():
            async with gate.transaction():
                await gate.execute("select pg_advisory_xact_lock(lock_of_frontier())")
                writing = asyncio.create_task(store(writer, rows))
                await until(partial(is_blocked, looking, pid, writing), "a writer that waits", 60)
                upto = now + MINUTE
                await looking.execute("update rollup_watermark set frontier = %s", [upto])
                await upkeep.execute("select pg_advisory_xact_lock(lock_of_aggregates())")
                await upkeep.execute("select aggregate_samples(%s)", [upto])
            await until(partial(is_blocked, looking, pid, writing), "a writer that waits", 60)
        await writing
        assert await differences(looking) == []


LOCK_1 = "perform pg_advisory_xact_lock_shared(lock_of_frontier());"
LOCK_2 = "perform pg_advisory_xact_lock_shared(lock_of_aggregates());"
LOOK = "\n        select * into strict held from rollup_watermark;"
ORDERS = {
    "lock 1": (refresh_while_a_writer_commits, LOCK_1, ""),
    "lock 2": (write_while_a_refresh_commits, LOCK_2, ""),
    "a look under lock 1": (read_while_a_refresh_announces, LOCK_1 + LOOK, LOCK_1),
    "a look under lock 2": (write_while_a_refresh_commits, LOCK_2 + LOOK, LOCK_2),
}


@pytest.mark.parametrize("step", ORDERS)
async def test_each_step_of_a_writer_is_needed(database: str, step: str) -> None:
    order, text, left = ORDERS[step]
    with psycopg.connect(database) as connection:
        first, second = agent_keys(connection, ["u/a", "u/b"]).values()
    set_watermark(database, START)
    await order(database, first, START)
    await take_away(database, text, left)
    with pytest.raises(AssertionError, match="expected"):
        await order(database, second, START + DAY)

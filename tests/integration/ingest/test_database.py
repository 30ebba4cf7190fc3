"""The way past a session that holds a row and does not answer; and none other is ended."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from aiokafka import TopicPartition
from prometheus_client import REGISTRY
from psycopg import AsyncConnection

from ingest.database import Pool, evict_blockers
from ingest.writing import offsets
from ingest.writing.offsets import Claim
from sql.named import query
from tests.integration.ingest.sessions import blocks
from tests.unit.ingest.records import identity

HERE = TopicPartition("s", 0)
PATIENCE_S = 0.2

Holder = Callable[[str, str], AbstractAsyncContextManager[AsyncConnection[Any]]]


@asynccontextmanager
async def idle(database: str, name: str) -> AsyncIterator[AsyncConnection[Any]]:
    """A session that holds the row in a transaction and says no more."""
    holder = await AsyncConnection.connect(database, application_name=name)
    try:
        await offsets.claim(holder, HERE, 0, identity())
        yield holder
    finally:
        await holder.close()


@asynccontextmanager
async def in_mid_copy(database: str, name: str) -> AsyncIterator[AsyncConnection[Any]]:
    """A session that holds the row and has a COPY open: active, whatever its timeouts."""
    async with idle(database, name) as holder:
        holder.pgconn.send_query(query("copy_samples"))
        while holder.pgconn.is_busy():
            holder.pgconn.consume_input()
        assert holder.pgconn.get_result() is not None
        yield holder


def ended() -> float:
    return REGISTRY.get_sample_value("fleetgauge_stale_sessions_ended_total") or 0


async def is_gone(pool: Pool, pid: int) -> bool:
    async with pool.connection() as connection:
        cursor = await connection.execute("select from pg_stat_activity where pid = %s", [pid])
        return await cursor.fetchone() is None


async def claimed(pool: Pool, patience_s: float = PATIENCE_S) -> Claim:
    async with pool.connection() as connection:
        return await evict_blockers(
            pool, connection, offsets.claim(connection, HERE, 0, identity()), patience_s
        )


@pytest.mark.parametrize("holding", [idle, in_mid_copy])
async def test_a_stale_writer_is_ended(holding: Holder, pool: Pool, empty_tables: str) -> None:
    before = ended()
    async with holding(empty_tables, "fleetgauge-ingest") as holder:
        assert (await claimed(pool)).epoch == 1
        assert ended() == before + 1
        assert await is_gone(pool, holder.info.backend_pid)
    assert (await claimed(pool)).epoch == 2


async def test_others_are_left_alone(pool: Pool, empty_tables: str) -> None:
    before = ended()
    async with idle(empty_tables, "somebody's psql") as holder:
        with pytest.raises(TimeoutError):
            await within(4 * PATIENCE_S, pool)
        await holder.commit()
    assert (await claimed(pool)).epoch == 2
    assert ended() == before


async def within(seconds: float, pool: Pool) -> Claim:
    async with asyncio.timeout(seconds):
        return await claimed(pool)


async def test_a_writer_that_is_in_time_is_left_alone(pool: Pool, empty_tables: str) -> None:
    before = ended()
    async with idle(empty_tables, "fleetgauge-ingest") as holder:
        waiting = asyncio.ensure_future(claimed(pool, 30))
        await blocks(holder)
        await holder.commit()
        assert (await waiting).epoch == 2
    assert ended() == before


async def locked(pool: Pool, patience_s: float) -> None:
    """Holds the row for a moment, in the queue of those who wait for it."""
    async with pool.connection() as connection, connection.transaction():
        lock = connection.execute("select from ingest_offsets for update")
        await evict_blockers(pool, connection, lock, patience_s)


async def test_the_next_in_the_queue_is_left_alone(pool: Pool, empty_tables: str) -> None:
    before = ended()
    await claimed(pool)
    async with idle(empty_tables, "somebody's psql") as holder:
        first = asyncio.ensure_future(locked(pool, 30))
        await blocks(holder)
        # This one waits for the first, which waits for the row.
        second = asyncio.ensure_future(locked(pool, PATIENCE_S))
        await asyncio.wait({first, second}, timeout=4 * PATIENCE_S)
        await holder.commit()
        await asyncio.gather(first, second)
    assert ended() == before


async def test_the_pool_says_who_it_is_and_in_which_zone(connection: AsyncConnection[Any]) -> None:
    cursor = await connection.execute(
        "select current_setting('application_name'), current_setting('timezone')"
    )
    assert await cursor.fetchone() == ("fleetgauge-ingest", "UTC")
    assert connection.info.get_parameters()["tcp_user_timeout"] == "30000"

"""What a refresh waits for, who waits with it, and when it tries again."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import AsyncConnection

from ingest.refresh import refresh
from sql.queries import query
from tests.aggregates import check_aggregates
from tests.integration.ingest.sessions import blocks
from tests.rows import agent_keys, set_watermark
from tests.storing import add, batch_of, frame_of, store

NOW = datetime(2026, 3, 10, 12, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


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

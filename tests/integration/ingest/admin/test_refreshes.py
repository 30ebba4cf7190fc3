"""Retention between a server's jobs and beside a chunk that somebody holds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from ingest.admin.clocks import Age
from ingest.admin.refreshes import BusyRefreshError, without_refreshes
from ingest.admin.retention import UpkeepTask, drop_chunks
from sql.named import query
from tests.support.business import open_writer
from tests.support.rows import agent_keys, copy

DAY = timedelta(days=1)
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
RETENTION = UpkeepTask("agent_samples", 35 * DAY, drop_chunks)


async def test_it_waits_for_the_jobs_and_gives_up(database: str) -> None:
    async with await open_writer(database) as ours, await open_writer(database) as job:
        async with without_refreshes(job):
            with pytest.raises(BusyRefreshError, match=r"^waited 0 seconds for the lock of .* by "):
                async with without_refreshes(ours, patience_s=0):
                    pass
        async with without_refreshes(ours, patience_s=0):
            pass
        cursor = await job.execute(query("try_refresh_lock"))
        assert await cursor.fetchone() == (True,)


async def test_a_chunk_that_fails_holds_up_no_other(database: str) -> None:
    with psycopg.connect(database) as connection:
        (key,) = agent_keys(connection, ["alice/a"]).values()
        days = range(40, 36, -1)
        copy(connection, [(NOW - day * DAY, key, 1, 2, 3, 0, None) for day in days])
    with psycopg.connect(database) as reader:
        found = chunks(reader)
        reader.execute(f"lock table {found[1]} in access share mode".encode())
        async with await open_writer(database) as connection:
            await connection.execute("set lock_timeout = '100ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                await drop(connection)
            assert chunks(reader) == [found[1]]
            reader.rollback()
            assert await drop(connection) == [1]


async def drop(connection: AsyncConnection[Any]) -> list[int]:
    return [count async for count in RETENTION.run(connection, Age(NOW, NOW))]


def chunks(connection: psycopg.Connection[Any]) -> list[str]:
    """Those of the samples, oldest first."""
    return [
        name
        for (name,) in connection.execute(
            "select format('%I.%I', chunk_schema, chunk_name) "
            "from timescaledb_information.chunks where hypertable_name = 'agent_samples' "
            "order by range_start"
        )
    ]

"""A sample that retention has dropped comes again, just before, while and after it is dropped."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from aiokafka import TopicPartition
from psycopg import AsyncConnection

from ingest.admin.clocks import Age
from ingest.admin.retention import UpkeepTask, drop_chunks
from ingest.batch import AgentKeys, Batch, OffsetSpan
from ingest.database import Pool
from ingest.reading.writepriority import WritePriority
from ingest.writing import offsets
from ingest.writing.batchbuilder import build_batch
from ingest.writing.offsets import Claim
from ingest.writing.write import DroppedError, write_batch
from sql.named import query
from tests.integration.ingest.sessions import blocks
from tests.unit.ingest.records import decoded, identity, record, sample

# Chunks go whose samples no refresh has reached.
pytestmark = pytest.mark.edition("apache")

HERE = TopicPartition("s", 0)
DAY = timedelta(days=1)
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
OLD = NOW - 40 * DAY
END = OLD.replace(hour=0) + DAY
RETENTION = UpkeepTask("agent_samples", 38 * DAY, drop_chunks)
STATE = """
select
    (select sum(samples) from agent_metrics_5m),
    (select sum(samples) from agent_metrics_1d),
    (select sum(samples) from platform_metrics_1h),
    (select count(*) from agent_samples),
    (select next_offset from ingest_offsets)
"""


def batch(first: int, *ages: datetime) -> Batch:
    """The samples of these times, as the offsets from `first` on."""
    shaped = build_batch(decoded([sample(ts) for ts in ages]), AgentKeys({"alice/a1": 1}))
    stop = first + len(ages)
    shaped.spans[HERE] = OffsetSpan(first, stop, record(b"v", offset=stop - 1))
    return shaped


@pytest.fixture
async def claims(connection: AsyncConnection[Any]) -> dict[TopicPartition, Claim]:
    await connection.execute("insert into agents (user_id, agent_id) values ('alice', 'a1')")
    return {HERE: await offsets.claim(connection, HERE, 0, identity())}


async def drop(connection: AsyncConnection[Any]) -> int:
    return sum([count async for count in RETENTION.run(connection, Age(NOW, NOW))])


async def state(connection: AsyncConnection[Any]) -> tuple[Any, ...]:
    """Sums of the levels, raw rows and the stored offset."""
    cursor = await connection.execute(STATE)
    return tuple(await cursor.fetchone() or ())


async def write(pool: Pool, one: Batch, claims: dict[TopicPartition, Claim]) -> None:
    await write_batch(pool, one, claims, 5.0, WritePriority())


async def test_after_the_drop_nothing_of_the_batch_is_stored(
    pool: Pool, connection: AsyncConnection[Any], claims: dict[TopicPartition, Claim]
) -> None:
    await write(pool, batch(0, OLD, NOW), claims)
    assert await drop(connection) == 1
    before = await state(connection)
    # What was dropped, and beside it a new one.
    with pytest.raises(DroppedError) as caught:
        await write(pool, batch(2, OLD, NOW + DAY), claims)
    assert caught.value.before == END
    assert await state(connection) == before
    # From the end of the chunk on samples are deduplicated by their rows.
    await write(pool, batch(2, END, NOW), claims)
    assert (await state(connection))[-2:] == (2, 4)


async def test_a_batch_that_comes_first_is_dropped_with_the_chunk(
    pool: Pool, connection: AsyncConnection[Any], claims: dict[TopicPartition, Claim]
) -> None:
    await write(pool, batch(0, OLD, NOW), claims)
    async with pool.connection() as other, other.transaction():
        await offsets.lock(other, batch(2, OLD).spans, claims)
        await other.execute(
            "insert into agent_samples values (%s, 1, 0, 0, 0, 0) on conflict do nothing", [OLD]
        )
        dropping = asyncio.create_task(drop(connection))
        await blocks(other)
        # The horizon that comes with the drop is not there before it.
        assert await offsets.advance(other, batch(2, OLD).spans, claims) is None
    assert await dropping == 1
    assert await state(connection) == (2, 2, 2, 1, 3)


async def test_a_batch_that_meets_the_drop_finds_the_horizon(
    pool: Pool,
    empty_tables: str,
    connection: AsyncConnection[Any],
    claims: dict[TopicPartition, Claim],
) -> None:
    await write(pool, batch(0, OLD, NOW), claims)
    before = await state(connection)
    values = {"relation": "agent_samples", "range_start": END - DAY, "range_end": END}
    async with await AsyncConnection.connect(empty_tables) as dropping:
        await dropping.execute(query("raise_horizon"), values)
        await dropping.execute(query("drop_chunk"), values)
        writing = asyncio.create_task(write(pool, batch(2, OLD), claims))
        await blocks(dropping)
        await dropping.commit()
    # It waited for a chunk that is gone, and tries again; or it found another in its place.
    with pytest.raises((DroppedError, psycopg.Error)) as caught:
        await writing
    if not isinstance(caught.value, DroppedError):
        with pytest.raises(DroppedError):
            await write(pool, batch(2, OLD), claims)
    levels, rows = before[:3], before[3] - 1
    assert await state(connection) == (*levels, rows, 2)

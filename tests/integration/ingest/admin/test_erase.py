"""What `fleetgauge erase` takes, table by table, and that every figure that is left is right."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from aiokafka import TopicPartition
from psycopg import AsyncConnection, sql

from ingest.admin.erase import Erased, EraseError, Subject, count, erase, read_orphans
from ingest.admin.upkeep import open_connection
from ingest.batch import AgentKeys, OffsetSpan, agent_name
from ingest.database import open_pool
from ingest.reading.writepriority import WritePriority
from ingest.writing import offsets
from ingest.writing.batchbuilder import build_batch
from ingest.writing.events import store_events
from ingest.writing.offsets import FencedError
from ingest.writing.write import write_batch
from schemas.events import Deployment, Status
from sql.named import query
from tests.integration.ingest.sessions import blocks
from tests.support.aggregates import check_aggregates
from tests.support.business import events_of, open_writer, store
from tests.support.rows import Row, insert, refresh, set_watermark
from tests.support.stack import database_settings
from tests.support.storing import add, batch_of, frame_of
from tests.unit.ingest.records import decoded, identity, record, sample

NOW = datetime.now(UTC).replace(minute=30)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
HERE = TopicPartition("s", 0)
AGENTS = ("alice/a1", "alice/a2", "bob/a1")
STORY = """
    pay 2026-03-01 100; pay 2026-03-01 20; pay 2019-01-01 30 EUR;
    book a 2026-03-01 pending; book b 2026-03-01 pending; book b 2026-03-02 completed;
    fan a 2025-03-01 new; fan a 2026-03-10 superfan; fan b 2026-03-10 casual;
    play a 2026-03-01 3; play a 2026-03-05; play b 2026-03-05;
    skill a 2026-03-01 on; skill a 2026-03-09 off; skill b 2026-03-09 on
"""
OWNED = """
    select table_name::text, column_name::text
    from information_schema.columns join information_schema.tables using (table_schema, table_name)
    where table_schema = 'public' and table_type = 'BASE TABLE'
        and column_name in ('user_id', 'agent_key')
"""


# How far samples are aggregated: not at all, up to the middle of an hour and a day, up to now.
WATERMARKS = {"nothing": None, "half": NOW - 8 * DAY - 100 * MINUTE, "all": NOW + MINUTE}


@pytest.fixture(params=list(WATERMARKS.values()), ids=list(WATERMARKS))
async def filled(database: str, request: pytest.FixtureRequest) -> str:
    """Two users with some of everything; bob's figures are the larger ones."""
    set_watermark(database)
    insert(
        database,
        [
            Row(agent, NOW - n * 7 * HOUR, 90 if agent == "bob/a1" else 1, 2 + n % 5, n, 1, 5.0)
            for n in range(60)
            for agent in AGENTS
        ]
        # An hour in which only one user's agents sampled.
        + [Row("alice/a1", NOW - 3 * HOUR, 1, 2, 3, 0)],
    )
    with psycopg.connect(database) as connection:
        keys = AgentKeys(
            {
                agent_name(user, agent): key
                for user, agent, key in connection.execute(
                    "select user_id, agent_id, agent_key from agents"
                ).fetchall()
            }
        )
    others = [
        made
        for user, agent in (name.split("/") for name in keys)
        for made in (
            Deployment(
                user_id=user, agent_id=agent, deployment_id=agent, ts=NOW, status="succeeded"
            ),
            Status(user_id=user, agent_id=agent, ts=NOW, status="running"),
        )
    ]
    async with await open_writer(database) as connection:
        for user in ("alice", "bob"):
            events = events_of(STORY, user)
            await store(connection, [events[::2], events[1::2]])
        batch = build_batch(decoded(others), keys)
        async with connection.transaction():
            await store_events(connection, batch, WritePriority())
    if request.param is not None:
        refresh(database, request.param)
    with psycopg.connect(database) as connection:
        connection.execute(query("keep_agent_summary"))
        # Of a moment when there was something to sum.
        connection.execute("select keep_agent_windows(%s)", [NOW])
    return database


def owned(database: str, subject: Subject) -> dict[str, int]:
    """Rows by table that name a user, or the key of an agent that is not there."""
    with psycopg.connect(database) as connection:
        found = {}
        for table, column in connection.execute(OWNED).fetchall():
            condition = (
                sql.SQL("user_id = {}").format(subject.user_id)
                if column == "user_id"
                else sql.SQL("agent_key not in (select agent_key from agents)")
            )
            statement = sql.SQL("select count(*) from {} where {}")
            ((rows,),) = connection.execute(
                statement.format(sql.Identifier(table), condition)
            ).fetchall()
            found[table] = rows
    return found


def rows_of(erased: list[Erased]) -> dict[str, int]:
    return {one.relation: one.rows for one in erased}


def test_nothing_of_the_user_is_left(filled: str) -> None:
    settings, alice = database_settings(filled), Subject("alice")
    expected, bobs = rows_of(count(settings, alice)), rows_of(count(settings, Subject("bob")))
    assert rows_of(erase(settings, alice)) == expected
    left = owned(filled, alice)
    assert len(left) > 20
    assert set(left.values()) == {0}
    # Of everything there was some, and the other user has it all.
    counted = {table.replace("rollup_", "agent_metrics_") for table in left}
    assert expected.keys() == bobs.keys()
    assert expected.keys() | {"agent_latest"} == counted | {"deployments"}
    assert rows_of(count(settings, Subject("bob"))) == bobs
    check_aggregates(filled)
    assert erase(settings, alice) == count(settings, alice) == []


def test_one_agent_alone(filled: str) -> None:
    settings, agent = database_settings(filled), Subject("alice", "a2")
    expected = rows_of(count(settings, agent))
    assert expected["agent_samples"] == 60
    assert (expected["agents"], expected["deployments"]) == (1, 1)
    assert "payments" not in expected
    assert rows_of(erase(settings, agent)) == expected
    left = rows_of(count(settings, Subject("alice")))
    assert (left["agents"], left["agent_samples"], left["payments"]) == (1, 61, 3)
    check_aggregates(filled)


@pytest.mark.edition("apache")
def test_days_whose_hours_are_dropped(filled: str) -> None:
    """The platform's hours are kept for good: they give in proportion, and the day is right."""
    by_day = (
        "select date_trunc('day', bucket, 'UTC'), sum(samples), sum(messages), sum(errors), "
        "sum(response_messages), round(sum(cpu_sum)::numeric, 6) "
        "from {} group by 1 order by 1"
    )
    with psycopg.connect(filled, autocommit=True) as connection:
        refresh(filled, NOW + MINUTE)
        kept_from = NOW.replace(hour=0) - 6 * DAY
        connection.execute("delete from rollup_1h where bucket < %s", [kept_from])
        connection.execute("delete from rollup_5m where bucket < %s", [kept_from])
        erase(database_settings(filled), Subject("alice"))
        days = connection.execute(by_day.format("agent_metrics_1d").encode()).fetchall()
        platform = connection.execute(by_day.format("platform_metrics_1h").encode()).fetchall()
        assert len(days) > 10
        assert platform == days
        negative = connection.execute(
            "select bucket from platform_metrics_1h group by bucket "
            "having least(sum(samples), sum(messages), sum(errors)) < 0"
        ).fetchall()
        assert negative == []


async def test_rows_without_an_agent(filled: str) -> None:
    settings = database_settings(filled)
    assert await asyncio.to_thread(count, settings, Subject()) == []
    with psycopg.connect(filled) as connection:
        connection.execute("delete from agents where user_id = 'alice'")
        # Of one only history is left, as of an erase that was interrupted.
        connection.execute("delete from agent_latest where agent_key = 1")
        connection.execute("delete from agent_states where agent_key = 1")
    async with open_connection(database_settings(filled)) as session:
        assert len(await read_orphans(session)) == 2
    expected = rows_of(await asyncio.to_thread(count, settings, Subject()))
    assert rows_of(await asyncio.to_thread(erase, settings, Subject())) == expected
    assert expected["agent_samples"] == 121
    left = owned(filled, Subject("bob"))
    assert {table for table in left if table.startswith("agent_") and left[table]} == set()
    check_aggregates(filled)


async def test_a_writer_that_knew_the_agent_is_fenced(filled: str) -> None:
    """Before, it may end; afterwards it stores nothing under the key that it knew."""
    settings, agent = database_settings(filled), Subject("alice", "a1")
    with psycopg.connect(filled) as connection:
        row = connection.execute(
            "select agent_key from agents where (user_id, agent_id) = ('alice', 'a1')"
        ).fetchone()
    keys = AgentKeys({"alice/a1": row[0] if row else 0})

    def batch(place: int) -> Any:
        shaped = build_batch(decoded([sample(NOW + place * HOUR)]), keys)
        shaped.spans[HERE] = OffsetSpan(place, place + 1, record(b"v", offset=place))
        return shaped

    async with open_pool(settings) as pool, pool.connection() as writer:
        claims = {HERE: await offsets.claim(writer, HERE, 0, identity())}
        async with writer.transaction():
            await offsets.lock(writer, batch(0).spans, claims)
            erasing = asyncio.create_task(asyncio.to_thread(erase, settings, agent))
            # It waits for the writer that is under way.
            await blocks(writer)
            one = (NOW + HOUR, keys["alice/a1"], 1.0, 2.0, 3, 0, None)
            await add(writer, batch_of(frame_of([one])))
            await offsets.advance(writer, batch(0).spans, claims)
        assert rows_of(await erasing)["agent_samples"] == 62
        with pytest.raises(FencedError):
            await write_batch(pool, batch(1), claims, 5.0, WritePriority())
    assert rows_of(await asyncio.to_thread(count, settings, Subject())) == {}
    check_aggregates(filled)


async def test_what_interrupts_it_says_what_is_left(filled: str) -> None:
    settings, agent = database_settings(filled), Subject("alice", "a1")
    with psycopg.connect(filled) as connection:
        connection.execute("alter function erase_metrics(integer) rename to held")
    with pytest.raises(EraseError, match=r"^the agents of agent a1 of user alice are erased, but "):
        await asyncio.to_thread(erase, settings, agent)
    with psycopg.connect(filled) as connection:
        connection.execute("alter function held(integer) rename to erase_metrics")
    assert rows_of(await asyncio.to_thread(erase, settings, Subject()))["agent_samples"] == 61
    check_aggregates(filled)


async def test_a_refresh_under_way_brings_nothing_back(filled: str) -> None:
    """It has read the agent's samples, and ends before they are erased."""
    upto = NOW + 2 * MINUTE
    with psycopg.connect(filled) as connection:
        connection.execute("update rollup_watermark set frontier = %s", [upto])
    async with (
        await AsyncConnection.connect(filled) as refreshing,
        await AsyncConnection.connect(filled, autocommit=True) as erasing,
    ):
        await refreshing.execute(query("lock_aggregates"))
        await refreshing.execute("select aggregate_samples(%s)", [upto])
        erase_one = asyncio.create_task(erasing.execute(query("erase_metrics"), {"agent_key": 1}))
        await blocks(refreshing)
        await refreshing.commit()
        await erase_one
        await erasing.execute(query("delete_empty_hours"))
        for table in ("agent_latest", "agent_samples", "rollup_5m", "rollup_1h", "rollup_1d"):
            cursor = await erasing.execute(f"select from {table} where agent_key = 1".encode())
            assert await cursor.fetchall() == [], table
    check_aggregates(filled)


async def test_a_refresh_after_the_agents_are_gone_brings_nothing_back(filled: str) -> None:
    """It comes between the two parts of an erase."""
    settings, agent = database_settings(filled), Subject("alice", "a1")
    with psycopg.connect(filled) as connection:
        connection.execute("alter function erase_metrics(integer) rename to held")
    with pytest.raises(EraseError):
        await asyncio.to_thread(erase, settings, agent)
    with psycopg.connect(filled) as connection:
        connection.execute("alter function held(integer) rename to erase_metrics")
    refresh(filled, NOW + 2 * MINUTE)
    await asyncio.to_thread(erase, settings, Subject())
    async with open_connection(settings) as session:
        assert await read_orphans(session) == []
    check_aggregates(filled)

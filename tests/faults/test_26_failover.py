"""The database goes back in time while ingest idles: no old key is used, nothing stays lost."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psycopg
import pytest

from schemas.events import Event, Status
from tests.faults.recreated import samples
from tests.faults.test_failover import fail_over, replicate, without_sessions
from tests.support.ingest_process import IngestProcess, ingest_process
from tests.support.kafka import Put, put
from tests.support.oracle import all_stored
from tests.support.proxy import proxy_to
from tests.support.stack import Stack, Topics
from tests.support.waiting import until

pytestmark = pytest.mark.fault(26, "database goes back while idle")

Environment = Callable[..., dict[str, str]]

COMPARED_WITHIN_S = 30.0
# A heartbeat a second, so that somebody else than the writer is the first on a new connection.
OFTEN = {"FLEETGAUGE_STALL_TIMEOUT_MS": "4000"}


async def test_keys_of_before_are_not_used(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    tmp_path: Path,
) -> None:
    topics = made_topics
    async with (
        proxy_to(database) as (proxy, through),
        ingest_process(ingest_environment(through, **OFTEN), tmp_path / "ingest.log") as ingest,
    ):
        await put(stack, topics.events, [status("alice", "before", "running")])
        await all_stored(stack, database, topics)
        await without_sessions(proxy, stack, database, replicate)
        # The key that this agent gets is another's after the failover.
        await put(stack, topics.samples, samples("lost", 1))
        await all_stored(stack, database, topics)
        await without_sessions(proxy, stack, database, fail_over)
        with psycopg.connect(database) as connection:
            connection.execute("insert into agents (user_id, agent_id) values ('bob', 'other')")
        await is_connected(database, ingest)
        # From a partition in which nothing was lost: no offset shows what has happened.
        await put(stack, topics.events, [status("alice", "lost", "failed")])
        await until(lambda: asyncio.to_thread(lambda: len(states(database)) > 1), "the state", 60)
        assert states(database) == {("alice", "before"): "running", ("alice", "lost"): "failed"}
        await all_stored(stack, database, topics)
        assert await ingest.stop() == 0


async def test_what_was_lost_comes_back_while_its_partition_is_silent(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    tmp_path: Path,
) -> None:
    topics = made_topics
    async with (
        proxy_to(database) as (proxy, through),
        ingest_process(ingest_environment(through), tmp_path / "ingest.log") as ingest,
    ):
        await put(stack, topics.samples, samples("kept", 2))
        await all_stored(stack, database, topics)
        await without_sessions(proxy, stack, database, replicate)
        await put(stack, topics.samples, samples("lost", 3))
        await all_stored(stack, database, topics)
        await without_sessions(proxy, stack, database, fail_over)
        await is_connected(database, ingest)
        await all_stored(stack, database, topics, COMPARED_WITHIN_S)
        assert await ingest.stop() == 0


def status(user: str, agent: str, state: str) -> Put:
    event: Event = msgspec.convert(
        {
            "type": "status",
            "userId": user,
            "agentId": agent,
            "ts": datetime.now(UTC),
            "status": state,
        },
        Status,
    )
    return Put(msgspec.json.encode(event))


async def is_connected(database: str, ingest: IngestProcess) -> None:
    """Returns when ingest has a heartbeat on the database that came back."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("delete from platform_heartbeats")

        async def probe() -> bool:
            ((count,),) = connection.execute("select count(*) from platform_heartbeats").fetchall()
            return bool(count)

        await until(probe, f"a heartbeat, of {ingest.pid},", 60)


def states(database: str) -> dict[tuple[str, str], str]:
    """The state of each agent; those that have none are not there."""
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "select user_id, agent_id, status from agent_states left join agents using (agent_key)"
        ).fetchall()
    return {(user, agent): state for user, agent, state in rows}

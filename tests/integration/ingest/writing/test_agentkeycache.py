"""Keys of agents in a real table: none is burnt, and writers do not lock each other out."""

import asyncio
from typing import Any

from psycopg import AsyncConnection

from ingest.database import Pool
from ingest.writing.agentkeycache import AgentKeyCache

NEXT_KEY = "select coalesce(last_value, 0) from pg_sequences where sequencename like 'agents_%'"


async def last_key(connection: AsyncConnection[Any]) -> int:
    ((value,),) = await (await connection.execute(NEXT_KEY)).fetchall()
    return int(value)


async def test_known_agents_burn_no_keys(pool: Pool, connection: AsyncConnection[Any]) -> None:
    agents = [f"u/a{n}" for n in range(100)]
    first = await AgentKeyCache(pool, 1_000).resolve(agents)
    assert sorted(first.values()) == list(range(1, 101))
    for _ in range(3):
        assert await AgentKeyCache(pool, 1_000).resolve(agents) == first
    both = await AgentKeyCache(pool, 1_000).resolve([*agents, "u/new"])
    assert both["u/new"] == 101
    assert await last_key(connection) == 101


async def test_what_is_known_asks_nothing(pool: Pool) -> None:
    directory = AgentKeyCache(pool, 1_000)
    found = dict(await directory.resolve(["u/a"]))
    await pool.close()
    assert await directory.resolve(["u/a"]) == found


async def test_the_same_id_under_two_users_is_two_agents(pool: Pool) -> None:
    keys = await AgentKeyCache(pool, 1_000).resolve(["u/a", "v/a"])
    assert keys["u/a"] != keys["v/a"]


async def test_nothing_to_look_up(pool: Pool) -> None:
    assert await AgentKeyCache(pool, 1_000).resolve([]) == {}


async def test_writers_at_once_in_opposite_order_agree(pool: Pool) -> None:
    agents = [f"u/a{n}" for n in range(500)]
    for number in range(4):
        mine = [f"u{number}-{agent}" for agent in agents]
        found = await asyncio.gather(
            AgentKeyCache(pool, 1_000).resolve(mine),
            AgentKeyCache(pool, 1_000).resolve(mine[::-1]),
        )
        assert found[0] == found[1]


async def test_after_forgetting_keys_are_read_again(
    pool: Pool, connection: AsyncConnection[Any]
) -> None:
    directory = AgentKeyCache(pool, 1_000)
    await directory.resolve(["u/a"])
    # As after a failover to a server that had not heard of the agent.
    await connection.execute("delete from agents")
    directory.forget()
    assert len(directory) == 0
    keys = await directory.resolve(["u/a"])
    cursor = await connection.execute("select agent_key from agents")
    assert await cursor.fetchall() == [(keys["u/a"],)]


async def test_so_many_are_remembered_and_no_more(pool: Pool) -> None:
    directory = AgentKeyCache(pool, 1_000)
    for number in range(10):
        batch = [f"u/a{number}-{n}" for n in range(500)]
        assert (await directory.resolve(batch)).keys() >= set(batch)
        assert len(directory) <= 1_500
    assert len(directory) >= 1_000


async def test_a_batch_may_have_more_agents_than_are_remembered(pool: Pool) -> None:
    directory = AgentKeyCache(pool, 1_000)
    first, second = ([f"{user}/a{n}" for n in range(3_000)] for user in "uv")
    keys = await directory.resolve(first)
    later = await directory.resolve(second)
    assert keys.keys() >= set(first)
    assert later.keys() == set(second)
    assert directory.is_current(keys)


async def test_who_is_heard_of_again_is_not_looked_up_again(pool: Pool) -> None:
    directory = AgentKeyCache(pool, 1_000)
    constant = ["u/constant"]
    key = (await directory.resolve(constant))["u/constant"]
    for number in range(10):
        await directory.resolve([*constant, *(f"u/a{number}-{n}" for n in range(500))])
    await pool.close()
    assert (await directory.resolve(constant))["u/constant"] == key


async def test_keys_of_another_server_are_not_mixed_with_this_ones(pool: Pool) -> None:
    directory = AgentKeyCache(pool, 1_000)
    old = await directory.resolve(["u/a"])
    old.server, old["u/a"] = "another", 999
    found = await directory.resolve(["u/a", "u/b"])
    assert found == {"u/a": 1, "u/b": 2}
    assert not directory.is_current(old)

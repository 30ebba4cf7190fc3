"""Keys of agents in a real table: none is burnt, and writers do not lock each other out."""

import asyncio
from typing import Any

from psycopg import AsyncConnection

from ingest.agents import AgentDirectory
from ingest.database import Pool

NEXT_KEY = "select coalesce(last_value, 0) from pg_sequences where sequencename like 'agents_%'"


async def last_key(connection: AsyncConnection[Any]) -> int:
    ((value,),) = await (await connection.execute(NEXT_KEY)).fetchall()
    return int(value)


async def test_known_agents_burn_no_keys(pool: Pool, connection: AsyncConnection[Any]) -> None:
    agents = [("u", f"a{n}") for n in range(100)]
    first = await AgentDirectory(pool).resolve(agents)
    assert sorted(first.values()) == list(range(1, 101))
    for _ in range(3):
        assert await AgentDirectory(pool).resolve(agents) == first
    both = await AgentDirectory(pool).resolve([*agents, ("u", "new")])
    assert both["u", "new"] == 101
    assert await last_key(connection) == 101


async def test_what_is_known_asks_nothing(pool: Pool) -> None:
    directory = AgentDirectory(pool)
    found = dict(await directory.resolve([("u", "a")]))
    await pool.close()
    assert await directory.resolve([("u", "a")]) == found


async def test_the_same_id_under_two_users_is_two_agents(pool: Pool) -> None:
    keys = await AgentDirectory(pool).resolve([("u", "a"), ("v", "a")])
    assert keys["u", "a"] != keys["v", "a"]


async def test_nothing_to_look_up(pool: Pool) -> None:
    assert await AgentDirectory(pool).resolve([]) == {}


async def test_writers_at_once_in_opposite_order_agree(pool: Pool) -> None:
    agents = [("u", f"a{n}") for n in range(500)]
    for number in range(4):
        mine = [(f"u{number}", agent) for _, agent in agents]
        found = await asyncio.gather(
            AgentDirectory(pool).resolve(mine), AgentDirectory(pool).resolve(mine[::-1])
        )
        assert found[0] == found[1]


async def test_after_forgetting_keys_are_read_again(
    pool: Pool, connection: AsyncConnection[Any]
) -> None:
    directory = AgentDirectory(pool)
    await directory.resolve([("u", "a")])
    # As after a failover to a server that had not heard of the agent.
    await connection.execute("delete from agents")
    directory.forget()
    assert len(directory) == 0
    keys = await directory.resolve([("u", "a")])
    cursor = await connection.execute("select agent_key from agents")
    assert await cursor.fetchall() == [(keys["u", "a"],)]

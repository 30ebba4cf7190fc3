"""A cache of agent keys; looks up missing keys and inserts new agents."""

from collections.abc import Collection
from typing import Any

from psycopg import AsyncConnection

from ingest.batch import AgentKeys, agent_name
from ingest.database import Pool
from sql.named import query


class AgentKeyCache:
    """The keys of the `size` most recently used agents, by name.

    It holds at most twice as many, plus one batch: an agent is evicted after `size` others were
    used since. A server never reuses a key, so cached keys stay valid for that server; they are
    never used with another one.
    """

    def __init__(self, pool: Pool, size: int) -> None:
        self._pool = pool
        self._size = size
        self._latest = AgentKeys()
        self._older = AgentKeys()

    def __len__(self) -> int:
        return max(len(self._latest), len(self._older))

    def is_current(self, keys: AgentKeys) -> bool:
        """Whether these keys are still part of the cache."""
        return keys is self._latest or keys is self._older

    def forget(self) -> None:
        """Empties the cache."""
        self._latest, self._older = AgentKeys(), AgentKeys()

    async def resolve(self, agents: Collection[str]) -> AgentKeys:
        """A map that contains at least these agents.

        New agents are inserted in a separate short transaction before the batch: waiting for
        another writer's uncommitted agent must not block sample rows.
        """
        keys = self._with_room()
        missing = [agent for agent in agents if agent not in keys and not self._renew(agent, keys)]
        if not missing:
            return keys
        async with self._pool.connection() as connection:
            server = await _server(connection)
            if keys.server not in (None, server):
                self.forget()
                keys, missing = self._latest, list(agents)
            keys.server = server
            await _look_up(connection, sorted(missing), keys)
        return keys

    def _with_room(self) -> AgentKeys:
        """The newer generation; a new one is started when it has `size` agents."""
        if len(self._latest) >= self._size:
            self._older, self._latest = self._latest, AgentKeys()
            self._latest.server = self._older.server
        return self._latest

    def _renew(self, agent: str, keys: AgentKeys) -> bool:
        key = self._older.get(agent)
        if key is not None:
            keys[agent] = key
        return key is not None


async def _server(connection: AsyncConnection[Any]) -> str:
    ((server,),) = await (await connection.execute(query("read_server_identity"))).fetchall()
    return str(server)


async def _look_up(connection: AsyncConnection[Any], agents: list[str], keys: AgentKeys) -> None:
    await _read(connection, agents, keys)
    unknown = [agent for agent in agents if agent not in keys]
    if unknown:
        await connection.execute(query("insert_agents"), _columns(unknown))
        await _read(connection, unknown, keys)


async def _read(connection: AsyncConnection[Any], agents: list[str], keys: AgentKeys) -> None:
    cursor = await connection.execute(query("read_agent_keys"), _columns(agents))
    for user_id, agent_id, key in await cursor.fetchall():
        keys[agent_name(user_id, agent_id)] = key


def _columns(agents: list[str]) -> dict[str, list[str]]:
    pairs = [agent.split("/") for agent in agents]
    return {
        "user_ids": [user_id for user_id, _ in pairs],
        "agent_ids": [agent_id for _, agent_id in pairs],
    }

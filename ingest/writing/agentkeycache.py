"""Keys of agents: looked up first, given only to the new ones, the latest remembered."""

from collections.abc import Collection
from typing import Any

from psycopg import AsyncConnection

from ingest.batch import AgentKeys, agent_name
from ingest.database import Pool
from sql.named import query


class AgentKeyCache:
    """The keys of agents by name, of those `size` that were asked for last.

    Twice as many are held at most, and a batch besides: what has not been asked for while `size`
    others were is dropped. A server never reuses a key, so that what it gave out stays true; it is
    never used with another server.
    """

    def __init__(self, pool: Pool, size: int) -> None:
        self._pool = pool
        self._size = size
        self._latest = AgentKeys()
        self._older = AgentKeys()

    def __len__(self) -> int:
        return max(len(self._latest), len(self._older))

    def is_current(self, keys: AgentKeys) -> bool:
        """Whether these are the directory's keys and it has forgotten none since."""
        return keys is self._latest or keys is self._older

    def forget(self) -> None:
        """Looks every agent up again from here on."""
        self._latest, self._older = AgentKeys(), AgentKeys()

    async def resolve(self, agents: Collection[str]) -> AgentKeys:
        """A map that holds at least these agents.

        New agents are inserted in a short transaction of their own, before any batch: waiting for
        another writer's uncommitted agent must not hold up rows of samples.
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
        """Those asked for last; once they are `size`, they are the older ones."""
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

"""Keys of agents: looked up first, given only to the new ones, remembered."""

from collections.abc import Iterable, Set
from typing import Any

from psycopg import AsyncConnection

from ingest.batch import Agent
from ingest.database import Pool
from sql.queries import query


class AgentDirectory:
    """The keys of (user, agent) pairs. Keys are never reused, so that what is known stays true
    until a server takes over that had not heard of the newest ones: then `forget`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._keys: dict[Agent, int] = {}

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def known(self) -> Set[Agent]:
        """The agents that have a key, as of now."""
        return self._keys.keys()

    def stands_by(self, keys: dict[Agent, int]) -> bool:
        """Whether these are the directory's keys and it has forgotten none since."""
        return keys is self._keys

    def forget(self) -> None:
        """Looks every agent up again from here on."""
        self._keys = {}

    async def resolve(self, agents: Iterable[Agent]) -> dict[Agent, int]:
        """The directory's own map, holding at least these agents.

        New agents are inserted in a short transaction of their own, before any batch: waiting for
        another writer's uncommitted agent must not hold up rows of samples.
        """
        missing = sorted(agent for agent in agents if agent not in self._keys)
        if missing:
            async with self._pool.connection() as connection:
                await self._read(connection, missing)
                unknown = [agent for agent in missing if agent not in self._keys]
                if unknown:
                    await connection.execute(query("insert_agents"), _columns(unknown))
                    await self._read(connection, unknown)
        return self._keys

    async def _read(self, connection: AsyncConnection[Any], agents: list[Agent]) -> None:
        cursor = await connection.execute(query("read_agent_keys"), _columns(agents))
        for user_id, agent_id, key in await cursor.fetchall():
            self._keys[user_id, agent_id] = key


def _columns(agents: list[Agent]) -> dict[str, list[str]]:
    return {
        "user_ids": [user_id for user_id, _ in agents],
        "agent_ids": [agent_id for _, agent_id in agents],
    }

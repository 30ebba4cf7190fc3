"""The pipeline's database: agent keys and batches."""

from collections.abc import Collection, Mapping

from aiokafka import TopicPartition

from ingest.batch import AgentKeys, Batch
from ingest.database import Pool
from ingest.reading.limits import Limits
from ingest.reading.writepriority import WritePriority
from ingest.writing.agentkeycache import AgentKeyCache
from ingest.writing.offsets import Claim
from ingest.writing.write import write_batch


class DatabaseStore:
    """One database's agents and batches; yields `priority` while the server works."""

    def __init__(self, pool: Pool, limits: Limits, priority: WritePriority) -> None:
        self._pool = pool
        self._agents = AgentKeyCache(pool, limits.agents)
        self._patience_s = limits.patience_s
        self._priority = priority

    @property
    def agents(self) -> int:
        """The number of cached agents."""
        return len(self._agents)

    async def keys_of(self, agents: Collection[str]) -> AgentKeys:
        """Keys of at least these agents; raises psycopg's errors."""
        return await self._agents.resolve(agents)

    def is_current(self, keys: AgentKeys) -> bool:
        """Whether these keys are still valid."""
        return self._agents.is_current(keys)

    def forget(self) -> None:
        """Empties the cache: the database may be another server."""
        self._agents.forget()

    async def write(self, batch: Batch, claims: Mapping[TopicPartition, Claim]) -> None:
        """Stores a batch unless it is stored already; raises as `write_batch`."""
        await write_batch(self._pool, batch, claims, self._patience_s, self._priority)

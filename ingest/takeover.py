"""Claims what the group assigned, and finds where reading goes on."""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from aiokafka import TopicPartition

from ingest import metrics, offsets
from ingest.database import Pool, past_stale_sessions
from ingest.offsets import Claim
from ingest.positions import Bounds, GapError, Positions, find_gap

log = structlog.get_logger("ingest")


@dataclass(frozen=True, slots=True)
class Assignment:
    """Partitions that are ours until the group revokes them or another claims them."""

    claims: dict[TopicPartition, Claim]
    positions: Positions


class TakeOver:
    """Takes partitions over for one consumer of one cluster.

    Without `accept_gap` a partition whose stored offset and log do not meet raises GapError; with
    it the partition goes on at the log's start.
    """

    def __init__(self, pool: Pool, cluster_id: str, patience_s: float, *, accept_gap: bool) -> None:
        self._pool = pool
        self._cluster_id = cluster_id
        self._patience_s = patience_s
        self._accept_gap = accept_gap
        self._distrusted: set[TopicPartition] = set()

    def distrust(self, gap: GapError) -> None:
        """Starts the gap's partition over at the next claim; raises it where none is accepted."""
        if not self._accept_gap:
            raise gap
        self._distrusted.add(gap.partition)

    async def take_over(self, bounds: Mapping[TopicPartition, Bounds]) -> Assignment:
        """Claims these partitions, in the order in which all consumers claim.

        Raises GapError, or psycopg's errors; what was claimed until then is claimed again.
        """
        claims = {
            partition: await self._claim(partition, bounds[partition]) for partition in bounds
        }
        return Assignment(claims, Positions(claims, bounds))

    async def _claim(self, partition: TopicPartition, bounds: Bounds) -> Claim:
        async with self._pool.connection() as connection:
            claim = await past_stale_sessions(
                self._pool,
                connection,
                offsets.claim(connection, partition, bounds[0], self._cluster_id),
                self._patience_s,
            )
            gap = find_gap(partition, claim, bounds, self._cluster_id)
            if gap is not None:
                self.distrust(gap)
            if partition not in self._distrusted:
                return claim
            claim = await offsets.reposition(
                connection, partition, claim, bounds[0], self._cluster_id
            )
        self._distrusted.discard(partition)
        metrics.GAPS.inc()
        name = f"{partition.topic}/{partition.partition}"
        log.warning("gap accepted", partition=name, next_offset=bounds[0])
        return claim

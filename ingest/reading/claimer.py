"""Claims what the group assigned, and finds where reading goes on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog
from aiokafka import TopicPartition

from ingest import metrics
from ingest.database import Pool, evict_blockers
from ingest.kafka.logidentity import Identities, LogIdentity
from ingest.reading.positions import Bounds, GapError, Positions, find_gap, find_recreated
from ingest.writing import offsets
from ingest.writing.offsets import Claim
from sql.connect import ServerConnection

log = structlog.get_logger("ingest")


@dataclass(frozen=True, slots=True)
class Assignment:
    """Partitions that are ours until the group revokes them or another claims them.

    `logs` are their logs, as they were before their bounds were read.
    """

    claims: dict[TopicPartition, Claim]
    positions: Positions
    logs: Identities


class PartitionClaimer:
    """Takes partitions over for one consumer.

    Without `accept_gap` a partition whose stored offset and log do not meet raises GapError; with
    it the partition goes on at the log's start.
    """

    def __init__(self, pool: Pool, patience_s: float, *, accept_gap: bool) -> None:
        self._pool = pool
        self._patience_s = patience_s
        self._accept_gap = accept_gap
        self._distrusted: set[TopicPartition] = set()

    def forget_gaps(self) -> None:
        """Another assignment begins: a gap that was accepted before may be another's by now."""
        self._distrusted.clear()

    def distrust(self, gap: GapError) -> None:
        """Starts the gap's partition over at the next claim; raises it where none is accepted."""
        if not self._accept_gap:
            raise gap
        self._distrusted.add(gap.partition)

    async def claim(self, bounds: Mapping[TopicPartition, Bounds], logs: Identities) -> Assignment:
        """Claims these partitions, in the order in which all consumers claim.

        Raises GapError, or psycopg's errors; what was claimed until then is claimed again.
        """
        async with self._pool.connection() as connection:
            claims = {
                partition: await self._claim(
                    connection, partition, bounds[partition], logs[partition]
                )
                for partition in sorted(bounds)
            }
        # A partition whose bounds the broker does not report is claimed later.
        claimed = {partition: logs[partition] for partition in bounds}
        return Assignment(claims, Positions(claims, bounds), claimed)

    async def check(
        self, claims: Mapping[TopicPartition, Claim], stored: Mapping[TopicPartition, int]
    ) -> None:
        """Raises StaleClaimError where a claim is not the database's any more; psycopg's errors."""
        async with self._pool.connection() as connection:
            await offsets.check(connection, claims, stored)

    async def renew_connections(self) -> None:
        """Closes every connection: one may lead to a server that is the database no more."""
        await self._pool.drain()

    async def _claim(
        self,
        connection: ServerConnection,
        partition: TopicPartition,
        bounds: Bounds,
        identity: LogIdentity,
    ) -> Claim:
        claim = await evict_blockers(
            self._pool,
            connection,
            offsets.claim(connection, partition, bounds[0], identity),
            self._patience_s,
        )
        gap = find_recreated(partition, claim, identity) or find_gap(
            partition, claim, bounds, identity.cluster_id
        )
        if gap is not None:
            self.distrust(gap)
        if partition not in self._distrusted:
            # What is stored from here on is of this topic.
            return replace(claim, topic_id=identity.topic_id)
        claim = await offsets.reposition(connection, partition, claim, bounds[0], identity)
        self._distrusted.discard(partition)
        metrics.GAPS.inc()
        name = f"{partition.topic}/{partition.partition}"
        log.warning("gap accepted", partition=name, next_offset=bounds[0])
        return claim

"""Claims the assigned partitions and determines where to start reading."""

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
    """Claimed partitions, valid until the group revokes them or another consumer claims them.

    `logs` are the log identities, read before the log bounds.
    """

    claims: dict[TopicPartition, Claim]
    positions: Positions
    logs: Identities


class PartitionClaimer:
    """Claims partitions for one consumer.

    If a partition's stored offset does not match its log, `claim` raises GapError; with
    `accept_gap` the partition continues at the log start instead.
    """

    def __init__(self, pool: Pool, patience_s: float, *, accept_gap: bool) -> None:
        self._pool = pool
        self._patience_s = patience_s
        self._accept_gap = accept_gap
        self._accepted_gaps: set[TopicPartition] = set()

    def forget_gaps(self) -> None:
        """Drops accepted gaps: another consumer may have handled them since."""
        self._accepted_gaps.clear()

    def accept_or_raise(self, gap: GapError) -> None:
        """Restarts the partition at the log start with the next claim, or raises the gap."""
        if not self._accept_gap:
            raise gap
        self._accepted_gaps.add(gap.partition)

    async def claim(self, bounds: Mapping[TopicPartition, Bounds], logs: Identities) -> Assignment:
        """Claims these partitions, in the same order as every consumer.

        Raises GapError and psycopg's errors; the caller then claims all of them again.
        """
        async with self._pool.connection() as connection:
            claims = {
                partition: await self._claim_partition(
                    connection, partition, bounds[partition], logs[partition]
                )
                for partition in sorted(bounds)
            }
        # A partition without bounds from the broker is claimed later.
        claimed = {partition: logs[partition] for partition in bounds}
        return Assignment(claims, Positions(claims, bounds), claimed)

    async def check(
        self, claims: Mapping[TopicPartition, Claim], stored: Mapping[TopicPartition, int]
    ) -> None:
        """Raises StaleClaimError if a claim is no longer the newest, and psycopg's errors."""
        async with self._pool.connection() as connection:
            await offsets.check(connection, claims, stored)

    async def renew_connections(self) -> None:
        """Closes all connections: one may lead to a server that was replaced."""
        await self._pool.drain()

    async def _claim_partition(
        self,
        connection: ServerConnection,
        partition: TopicPartition,
        bounds: Bounds,
        identity: LogIdentity,
    ) -> Claim:
        # One transaction, so that nobody else claims the partition before it is repositioned.
        async with connection.transaction():
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
                self.accept_or_raise(gap)
            is_accepted = partition in self._accepted_gaps
            if is_accepted:
                claim = await offsets.reposition(connection, partition, claim, bounds[0], identity)
        if is_accepted:
            self._accepted_gaps.discard(partition)
            metrics.GAPS.inc()
            name = f"{partition.topic}/{partition.partition}"
            log.warning("gap accepted", partition=name, next_offset=bounds[0])
        # From here on the stored offsets belong to this topic id.
        return replace(claim, topic_id=identity.topic_id)

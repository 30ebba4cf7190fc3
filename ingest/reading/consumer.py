"""A member of the consumer group: assignments, fetches, offsets and commits."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import suppress

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    LeaderNotAvailableError,
)

from ingest import metrics
from ingest.cancelscope import CancelScope
from ingest.errors import sentence
from ingest.kafka.logbounds import LogBounds
from ingest.kafka.logends import LogEnd, LogEnds
from ingest.kafka.logidentity import LogIdentity, read_identities
from ingest.kafka.unpack import Unpacker
from ingest.reading.commitmetadata import DatabaseIdentity, metadata
from ingest.reading.polling import polled
from ingest.record import Record

log = structlog.get_logger("ingest")

COMMIT_TIMEOUT_S = 2.0


class GroupConsumer(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """A consumer of the group.

    Assigned partitions stay paused until they are claimed and `start_at` sets their positions. An
    unreadable partition does not block the others. `database`, once known, is part of the metadata
    of each commit.
    """

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        unpacker: Unpacker,
        log_ends: LogEnds,
        patience_s: float,
    ) -> None:
        self._consumer = consumer
        self._unpacker = unpacker
        self._quarantine = unpacker.quarantine
        self._bounds = LogBounds(consumer, unpacker.quarantine)
        self._log_ends = log_ends
        self._patience_s = patience_s
        self._unbounded: set[TopicPartition] = set()
        self._served: set[TopicPartition] = set()
        self._probe: asyncio.Task[None] | None = None
        self._must_claim = asyncio.Event()
        self._scope = CancelScope(patience_s)
        self.database: DatabaseIdentity | None = None

    def subscribe(self, topics: Iterable[str]) -> None:
        self._consumer.subscribe(list(topics), listener=self)

    async def assignments(self) -> AsyncIterator[CancelScope]:
        """Yields a scope whenever partitions must be claimed. It ends when the group revokes them,
        or when another partition becomes readable and all are claimed again."""
        while True:
            async with polled(self):
                await self._must_claim.wait()
            if not self._must_claim.is_set():
                # Revoked meanwhile.
                continue
            self._must_claim.clear()
            self._scope = CancelScope(self._patience_s)
            yield self._scope

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        # Rebalances are eager: each one revokes all partitions.
        self._must_claim.clear()
        await self._scope.end()

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        # Set a position and pause: otherwise the client would start at the group's offsets.
        for partition in assigned:
            self._consumer.seek(partition, 0)
        self._consumer.pause(*assigned)
        self._quarantine.clear()
        self._unbounded.clear()
        self._must_claim.set()

    @property
    def assignment(self) -> list[TopicPartition]:
        return sorted(self._consumer.assignment())

    async def identities(
        self, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, LogIdentity]:
        """The log identities, without those whose leader does not respond."""
        # Only the private client can send requests that the library has no method for.
        client = self._consumer._client  # noqa: SLF001
        return await read_identities(client, partitions)

    async def reachable_log_identities(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, LogIdentity]:
        """The same; raises LeaderNotAvailableError if no leader responds."""
        found = await self.identities(partitions)
        if partitions and not found:
            raise LeaderNotAvailableError("no partition leader responds")
        return found

    async def all_identities(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, LogIdentity]:
        """The same; raises LeaderNotAvailableError if one is missing."""
        found = await self.identities(partitions)
        for partition in partitions:
            if partition not in found:
                name = f"{partition.topic}/{partition.partition}"
                raise LeaderNotAvailableError(f"the leader of {name} does not respond")
        return found

    async def log_bounds(
        self, partitions: list[TopicPartition]
    ) -> dict[TopicPartition, tuple[int, int]]:
        """The log start offset and log end offset of each partition.

        An assigned partition that is not among these, or whose bounds the broker does not report,
        is retried later. Raises KafkaError if the broker reports none.
        """
        for partition in self._consumer.assignment() - set(partitions):
            self._quarantine.fetch_failed(partition, None, "its leader does not respond")
        found = await self._bounds.bounds(partitions)
        self._unbounded = self._consumer.assignment() - found.keys()
        return found

    def start_at(
        self, positions: dict[TopicPartition, int], settled: Mapping[TopicPartition, int]
    ) -> None:
        """Reads from these positions; offsets before `settled` are stored or skipped."""
        for partition, offset in positions.items():
            self._consumer.seek(partition, offset)
        self._quarantine.start(settled)
        self.resume()

    async def fetch(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Record]]:
        """The next records by partition; empty after `timeout_ms`.

        After an error `start_at` must set the positions again: fetched records of other partitions
        are lost.
        """
        self._unpacker.begin()
        self._retry_unreadable()
        records = await self._next(timeout_ms, max_records)
        for partition, found in records.items():
            self._quarantine.read(partition, found[-1].offset)
        # With buffered records the client never yields to the event loop, and the writer needs it.
        await asyncio.sleep(0)
        return records

    async def _next(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Record]]:
        """Serves partitions with a backlog in turn: the client would drain one after the other."""
        records: dict[TopicPartition, list[Record]] = {}
        others = self._consumer.assignment() - self._served if self._served else ()
        if others:
            records = await self._consumer.getmany(*others, timeout_ms=0, max_records=max_records)
        if not records:
            self._served.clear()
            records = await self._consumer.getmany(timeout_ms=timeout_ms, max_records=max_records)
        if sum(map(len, records.values())) < max_records:
            self._served.clear()
        else:
            self._served.update(records)
        return records

    @property
    def unreadable(self) -> Collection[TopicPartition]:
        """The partitions that cannot be read at present."""
        return self._quarantine.held

    def damaged_to(self, partition: TopicPartition) -> int:
        """The offset after the last skipped damage, 0 without any."""
        return self._quarantine.passed_to(partition)

    def _retry_unreadable(self) -> None:
        """Fetches unreadable partitions again, each when its backoff is over."""
        if not self._quarantine.held and not self._unbounded:
            return
        waiting = self._quarantine.waiting
        readable = (self._quarantine.held - waiting) & self._consumer.assignment() - self._unbounded
        if readable:
            self._consumer.resume(*readable)
        if self._unbounded - waiting and (self._probe is None or self._probe.done()):
            self._probe = asyncio.create_task(self._look_for_bounds())

    async def _look_for_bounds(self) -> None:
        """Ends the scope when missing bounds become available, so that all are claimed again."""
        partitions, scope = self._unbounded & self._consumer.assignment(), self._scope
        try:
            if await self._bounds.bounds(partitions) and not scope.is_ending:
                # Before `end`: a revocation in between clears it.
                self._must_claim.set()
                await scope.end()
        except (KafkaError, IllegalStateError) as error:
            for partition in partitions:
                self._quarantine.fetch_failed(partition, None, sentence(error))

    async def reached(self) -> dict[TopicPartition, int]:
        """The position of each partition; control records may be the last ones before it."""
        return {p: await self._consumer.position(p) for p in self._consumer.assignment()}

    async def poll_paused(self) -> None:
        """Pauses all partitions and polls, so that the group keeps this consumer."""
        self.pause()
        try:
            await self._consumer.getmany(timeout_ms=0, max_records=1)
        except KafkaError as error:
            # Group errors are raised once; partition errors again when reading continues.
            metrics.RETRIES.labels("fetch").inc()
            log.warning("polling failed", error=sentence(error))

    def pause(self) -> None:
        self._consumer.pause(*self._consumer.assignment())

    def resume(self) -> None:
        """Resumes all partitions except the unreadable ones."""
        held = self._quarantine.waiting | self._unbounded
        self._consumer.resume(*(self._consumer.assignment() - held))

    async def is_member(self, positions: dict[TopicPartition, int]) -> bool:
        """Whether the group still assigns these partitions to us, tested with a commit."""
        if not positions:
            return False
        try:
            await self._commit(positions)
        except (CommitFailedError, IllegalStateError):
            return False
        return True

    async def commit_to_group(self, positions: dict[TopicPartition, int]) -> bool:
        """Commits offsets to the group, for lag tools only.

        Returns whether the commit succeeded, within COMMIT_TIMEOUT_S.
        """
        if positions:
            with suppress(KafkaError, IllegalStateError, TimeoutError):
                async with asyncio.timeout(COMMIT_TIMEOUT_S):
                    await self._commit(positions)
                    return True
        return False

    async def _commit(self, positions: dict[TopicPartition, int]) -> None:
        note = metadata(self.database)
        await self._consumer.commit({p: (offset, note) for p, offset in positions.items()})

    async def committed_offsets(
        self, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """The group's committed offsets, without partitions that have none.

        Incomplete if the broker does not respond in time.
        """
        committed = {}
        with suppress(KafkaError, IllegalStateError, TimeoutError):
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                for partition in partitions:
                    committed[partition] = await self._consumer.committed(partition)
        return {p: offset for p, offset in committed.items() if offset is not None}

    async def log_ends(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, LogEnd]:
        """The log ends, without those that the broker does not report in time."""
        return await self._log_ends.of(set(partitions) - self._quarantine.failed)

    def close(self) -> None:
        """Cancels background requests."""
        if self._probe is not None:
            self._probe.cancel()

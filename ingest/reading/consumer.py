"""Reads records from Kafka for as long as the group lets this consumer have the partitions."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager, suppress

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
from ingest.kafka.aiokafkapatch import install_reader
from ingest.kafka.fetcherrors import report_fetches
from ingest.kafka.logbounds import LogBounds
from ingest.kafka.logends import LogEnd, LogEnds, open_log_ends
from ingest.kafka.logidentity import LogIdentity, read_identities
from ingest.kafka.unpack import Unpacker
from ingest.reading.commitmetadata import DatabaseIdentity, metadata
from ingest.reading.polling import polled
from ingest.reading.quarantine import Quarantine
from ingest.record import Record
from schemas.runtime.broker import start
from schemas.runtime.kafkaclient import client_options
from schemas.settings import IngestSettings, KafkaSettings

log = structlog.get_logger("ingest")

SESSION_TIMEOUT_MS = 6_000
# A rebalance waits until every member has asked, which it does with a heartbeat.
HEARTBEAT_MS = 1_000
COMMIT_TIMEOUT_S = 2.0
# The client has one fetch at a time under way to a broker: while one waits for partitions without
# news, those with a backlog wait too.
FETCH_WAIT_MS = 20
# Who answers without our topics is asked again, and not after five minutes.
METADATA_MAX_AGE_MS = 10_000


class GroupConsumer(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """One consumer of the group.

    Partitions that the group has assigned stay paused until they are claimed and `start_at` says
    from where. A partition that cannot be read waits alone.
    `database` is named in each commit to the group, once it is known.
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
        self._reassigned = asyncio.Event()
        self._scope = CancelScope(patience_s)
        self.database: DatabaseIdentity | None = None

    def subscribe(self, topics: Iterable[str]) -> None:
        self._consumer.subscribe(list(topics), listener=self)

    async def assignments(self) -> AsyncIterator[CancelScope]:
        """A scope each time that there is something to claim: ended when the group takes its
        partitions back, or another partition has become readable and all are claimed again."""
        while True:
            async with polled(self):
                await self._reassigned.wait()
            if not self._reassigned.is_set():
                # Revoked meanwhile.
                continue
            self._reassigned.clear()
            self._scope = CancelScope(self._patience_s)
            yield self._scope

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._reassigned.clear()
        await self._scope.end()

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        # A position at once and nothing fetched: else the group's own offsets would be used.
        for partition in assigned:
            self._consumer.seek(partition, 0)
        self._consumer.pause(*assigned)
        self._quarantine.clear()
        self._unbounded.clear()
        self._reassigned.set()

    @property
    def assignment(self) -> list[TopicPartition]:
        return sorted(self._consumer.assignment())

    async def identities(
        self, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, LogIdentity]:
        """Which logs these are; without those whose leader does not answer."""
        # No other part of the client sends what the library has no method for.
        client = self._consumer._client  # noqa: SLF001
        return await read_identities(client, partitions)

    async def some_identities(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, LogIdentity]:
        """The same; raises LeaderNotAvailableError where no leader of these answers."""
        found = await self.identities(partitions)
        if partitions and not found:
            raise LeaderNotAvailableError("no partition has a leader that answers")
        return found

    async def all_identities(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, LogIdentity]:
        """The same; raises LeaderNotAvailableError where one is missing."""
        found = await self.identities(partitions)
        for partition in partitions:
            if partition not in found:
                name = f"{partition.topic}/{partition.partition}"
                raise LeaderNotAvailableError(f"{name} has no leader that answers")
        return found

    async def log_bounds(
        self, partitions: list[TopicPartition]
    ) -> dict[TopicPartition, tuple[int, int]]:
        """The first offset in each partition's log, and the one behind its last.

        A partition that is not asked about, or whose bounds the broker does not report, waits and
        is tried again later. Raises KafkaError where it reports none of several.
        """
        for partition in self._consumer.assignment() - set(partitions):
            self._quarantine.refuse(partition, None, "it has no leader that answers")
        found = await self._bounds.bounds(partitions)
        self._unbounded = self._consumer.assignment() - found.keys()
        return found

    def start_at(
        self, positions: dict[TopicPartition, int], settled: Mapping[TopicPartition, int]
    ) -> None:
        """Reads on from these offsets; what is before `settled` was passed over or stored."""
        for partition, offset in positions.items():
            self._consumer.seek(partition, offset)
        self._quarantine.start(settled)
        self.resume()

    async def fetch(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Record]]:
        """What has arrived, by partition; nothing after `timeout_ms`.

        After any error `start_at` has to say again from where: what other partitions had is gone.
        """
        self._unpacker.begin()
        self._try_again()
        records = await self._next(timeout_ms, max_records)
        for partition, found in records.items():
            self._quarantine.read(partition, found[-1].offset)
        # A client with records at hand does not give way, and the writer has its next step to do.
        await asyncio.sleep(0)
        return records

    async def _next(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Record]]:
        """Partitions with a backlog come in turn: the client would go through one to its end."""
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
        """The partitions that cannot be read now."""
        return self._quarantine.held

    def damaged_to(self, partition: TopicPartition) -> int:
        """The offset behind the last damage that was passed over, 0 where none was."""
        return self._quarantine.passed_to(partition)

    def _try_again(self) -> None:
        """Lets partitions that could not be read be fetched again, each when its pause is over."""
        if not self._quarantine.held and not self._unbounded:
            return
        waiting = self._quarantine.waiting
        readable = (self._quarantine.held - waiting) & self._consumer.assignment() - self._unbounded
        if readable:
            self._consumer.resume(*readable)
        if self._unbounded - waiting and (self._probe is None or self._probe.done()):
            self._probe = asyncio.create_task(self._look_for_bounds())

    async def _look_for_bounds(self) -> None:
        """Has all claimed again when a partition says its bounds that did not before."""
        partitions, scope = self._unbounded & self._consumer.assignment(), self._scope
        try:
            if await self._bounds.bounds(partitions) and not scope.is_ending:
                # Before the end, for a revocation meanwhile takes it back.
                self._reassigned.set()
                await scope.end()
        except (KafkaError, IllegalStateError) as error:
            for partition in partitions:
                self._quarantine.refuse(partition, None, sentence(error))

    async def reached(self) -> dict[TopicPartition, int]:
        """The offset that each partition is read up to; marks of transactions may come last."""
        return {p: await self._consumer.position(p) for p in self._consumer.assignment()}

    async def poll_paused(self) -> None:
        """Pauses, and tells the group that this consumer is alive."""
        self.pause()
        try:
            await self._consumer.getmany(timeout_ms=0, max_records=1)
        except KafkaError as error:
            # Of the group it comes only once, and of a partition again when reading goes on.
            metrics.RETRIES.labels("fetch").inc()
            log.warning("polling failed", error=sentence(error))

    def pause(self) -> None:
        self._consumer.pause(*self._consumer.assignment())

    def resume(self) -> None:
        """Ends the pause, but for partitions that cannot be read."""
        held = self._quarantine.waiting | self._unbounded
        self._consumer.resume(*(self._consumer.assignment() - held))

    async def is_member(self, positions: dict[TopicPartition, int]) -> bool:
        """Whether the group still has these partitions down as ours; the broker's word."""
        if not positions:
            return False
        try:
            await self._commit(positions)
        except (CommitFailedError, IllegalStateError):
            return False
        return True

    async def commit_to_group(self, positions: dict[TopicPartition, int]) -> bool:
        """Commits offsets to the group, for lag tools only: the database's are what counts.

        Whether it has them; a broker that is away holds nothing up for long.
        """
        if positions:
            with suppress(KafkaError, IllegalStateError, TimeoutError):
                async with asyncio.timeout(COMMIT_TIMEOUT_S):
                    await self._commit(positions)
                    return True
        return False

    async def _commit(self, positions: dict[TopicPartition, int]) -> None:
        said = metadata(self.database)
        await self._consumer.commit({p: (offset, said) for p, offset in positions.items()})

    async def committed_offsets(
        self, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """What the group was told last; nothing of partitions that it was never told of.

        None where the broker does not answer in time.
        """
        told = {}
        with suppress(KafkaError, IllegalStateError, TimeoutError):
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                for partition in partitions:
                    told[partition] = await self._consumer.committed(partition)
        return {partition: offset for partition, offset in told.items() if offset is not None}

    async def log_ends(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, LogEnd]:
        """Where these logs end, without those that the broker does not answer for in time."""
        return await self._log_ends.of(set(partitions) - self._quarantine.refused)

    def close(self) -> None:
        """Asks nothing any more."""
        if self._probe is not None:
            self._probe.cancel()


@asynccontextmanager
async def open_consumer(
    kafka: KafkaSettings,
    ingest: IngestSettings,
    *,
    skip_unreadable: bool = False,
) -> AsyncIterator[GroupConsumer]:
    """A started consumer without a subscription; raises KafkaError where no broker answers.

    With `skip_unreadable` it passes over batches that cannot be read.
    """
    consumer = AIOKafkaConsumer(
        **client_options(kafka),
        client_id="fleetgauge-ingest",
        group_id=ingest.consumer_group,
        enable_auto_commit=False,
        # A position out of the log's bounds is an error to be told, never a silent jump.
        auto_offset_reset="none",
        isolation_level="read_committed",
        session_timeout_ms=SESSION_TIMEOUT_MS,
        heartbeat_interval_ms=HEARTBEAT_MS,
        max_partition_fetch_bytes=4 * kafka.message_max_bytes,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
    )
    await start(consumer, client_options(kafka))
    quarantine = Quarantine(consumer.pause, skips=skip_unreadable)
    report_fetches(consumer._client, quarantine)  # noqa: SLF001 - nothing public has a partition's error
    unpacker = Unpacker(quarantine)
    try:
        install_reader(consumer, unpacker)
        async with open_log_ends(kafka, consumer) as log_ends:
            fetcher = GroupConsumer(consumer, unpacker, log_ends, ingest.claim_patience_ms / 1000)
            try:
                yield fetcher
            finally:
                fetcher.close()
    finally:
        await consumer.stop()

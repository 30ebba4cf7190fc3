"""Reads records from Kafka for as long as the group lets this consumer have the partitions."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from ingest.logends import LogEnd, LogEnds, open_log_ends
from ingest.record import Record
from ingest.unpack import Unpacker
from schemas.broker import start
from schemas.kafka import client_options
from schemas.settings import IngestSettings, KafkaSettings

SESSION_TIMEOUT_MS = 6_000
# A rebalance waits until every member has asked, which it does with a heartbeat.
HEARTBEAT_MS = 1_000
TELL_TIMEOUT_S = 2.0
# The client has one fetch at a time under way to a broker: while one waits for partitions without
# news, those with a backlog wait too.
FETCH_WAIT_MS = 20


class Fetcher(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """One consumer of the group.

    `reassigned` is set when the group has given out partitions anew: they stay paused until they
    are claimed and `start_at` says from where. `on_revoked` is awaited before they are given up.
    """

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        unpacker: Unpacker,
        log_ends: LogEnds,
        on_revoked: Callable[[], Awaitable[None]],
    ) -> None:
        self._consumer = consumer
        self._unpacker = unpacker
        self._log_ends = log_ends
        self._on_revoked = on_revoked
        self.reassigned = asyncio.Event()

    def subscribe(self, topics: Iterable[str]) -> None:
        self._consumer.subscribe(list(topics), listener=self)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._on_revoked()

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        # A position at once and nothing fetched: else the group's own offsets would be used.
        for partition in assigned:
            self._consumer.seek(partition, 0)
        self._consumer.pause(*assigned)
        self.reassigned.set()

    @property
    def assignment(self) -> list[TopicPartition]:
        return sorted(self._consumer.assignment())

    async def log_bounds(
        self, partitions: list[TopicPartition]
    ) -> dict[TopicPartition, tuple[int, int]]:
        """The first offset in each partition's log, and the one behind its last."""
        if not partitions:
            return {}
        starts = await self._consumer.beginning_offsets(partitions)
        ends = await self._consumer.end_offsets(partitions)
        return {partition: (starts[partition], ends[partition]) for partition in partitions}

    def start_at(self, positions: dict[TopicPartition, int]) -> None:
        """Reads on from these offsets."""
        for partition, offset in positions.items():
            self._consumer.seek(partition, offset)
        self.resume()

    async def fetch(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Record]]:
        """What has arrived, by partition; nothing after `timeout_ms`.

        After any error `start_at` has to say again from where: what other partitions had is gone.
        """
        self._unpacker.begin()
        try:
            records: dict[TopicPartition, list[Record]] = await self._consumer.getmany(
                timeout_ms=timeout_ms, max_records=max_records
            )
        except UnicodeDecodeError as error:
            self._unpacker.is_careful = True
            raise KafkaError("a header has a name that is no UTF-8: reading with care") from error
        # A client with records at hand does not give way, and the writer has its next step to do.
        await asyncio.sleep(0)
        return records

    async def reached(self) -> dict[TopicPartition, int]:
        """The offset that each partition is read up to; marks of transactions may come last."""
        return {p: await self._consumer.position(p) for p in self._consumer.assignment()}

    async def stay_alive(self) -> None:
        """Pauses, and tells the group that this consumer is alive."""
        self.pause()
        # An error that has arrived comes again when reading goes on.
        with suppress(KafkaError):
            await self._consumer.getmany(timeout_ms=0, max_records=1)

    def pause(self) -> None:
        self._consumer.pause(*self._consumer.assignment())

    def resume(self) -> None:
        self._consumer.resume(*self._consumer.assignment())

    async def is_member(self, positions: dict[TopicPartition, int]) -> bool:
        """Whether the group still has these partitions down as ours; the broker's word."""
        if not positions:
            return False
        try:
            await self._consumer.commit(positions)
        except (CommitFailedError, IllegalStateError):
            return False
        return True

    async def tell_group(self, positions: dict[TopicPartition, int]) -> bool:
        """Commits offsets to the group, for lag tools only: the database's are what counts.

        Whether it has them; a broker that is away holds nothing up for longer than TELL_TIMEOUT_S.
        """
        if positions:
            with suppress(KafkaError, IllegalStateError, TimeoutError):
                async with asyncio.timeout(TELL_TIMEOUT_S):
                    await self._consumer.commit(positions)
                    return True
        return False

    async def told_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """What the group was told last; nothing of partitions that it was never told of.

        None where the broker does not answer in time.
        """
        told = {}
        with suppress(KafkaError, IllegalStateError, TimeoutError):
            async with asyncio.timeout(TELL_TIMEOUT_S):
                for partition in partitions:
                    told[partition] = await self._consumer.committed(partition)
        return {partition: offset for partition, offset in told.items() if offset is not None}

    async def log_ends(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, LogEnd]:
        """Where these logs end, without those that the broker does not answer for in time."""
        return await self._log_ends.of(partitions)


@asynccontextmanager
async def open_fetcher(
    kafka: KafkaSettings, ingest: IngestSettings, on_revoked: Callable[[], Awaitable[None]]
) -> AsyncIterator[Fetcher]:
    """A started consumer without a subscription; raises KafkaError where no broker answers."""
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
    )
    await start(consumer, client_options(kafka))
    unpacker = Unpacker()
    try:
        with unpacker.in_charge():
            async with open_log_ends(kafka, consumer) as log_ends:
                yield Fetcher(consumer, unpacker, log_ends, on_revoked)
    finally:
        await consumer.stop()

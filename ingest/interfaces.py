"""The pipeline's interfaces to Kafka, the database and the dead-letter topic."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from typing import Protocol

from aiokafka import TopicPartition

from ingest.batch import AgentKeys, Batch
from ingest.cancelscope import CancelScope
from ingest.kafka.logends import LogEnd
from ingest.kafka.logidentity import Identities, LogIdentity
from ingest.reading.claimer import Assignment
from ingest.reading.positions import Bounds, GapError
from ingest.record import Record
from ingest.rejection import Rejection
from ingest.writing.offsets import Claim

Clock = Callable[[], float]
Claims = Mapping[TopicPartition, Claim]


class RecordSource(Protocol):
    """A consumer of the group; see `ingest.reading.consumer.GroupConsumer`."""

    def assignments(self) -> AsyncIterator[CancelScope]: ...

    @property
    def assignment(self) -> list[TopicPartition]: ...

    @property
    def unreadable(self) -> Collection[TopicPartition]: ...

    async def reachable_log_identities(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, LogIdentity]: ...

    async def all_identities(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, LogIdentity]: ...

    async def identities(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, LogIdentity]: ...

    async def log_bounds(
        self, partitions: list[TopicPartition]
    ) -> dict[TopicPartition, Bounds]: ...

    def start_at(
        self, positions: dict[TopicPartition, int], settled: Mapping[TopicPartition, int]
    ) -> None: ...

    async def fetch(
        self, timeout_ms: int, max_records: int
    ) -> dict[TopicPartition, list[Record]]: ...

    def damaged_to(self, partition: TopicPartition) -> int: ...

    async def reached(self) -> dict[TopicPartition, int]: ...

    async def poll_paused(self) -> None: ...

    def resume(self) -> None: ...

    async def is_member(self, positions: dict[TopicPartition, int]) -> bool: ...

    async def commit_to_group(self, positions: dict[TopicPartition, int]) -> bool: ...

    async def committed_offsets(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, int]: ...

    async def log_ends(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, LogEnd]: ...


class Store(Protocol):
    """The database's agents and batches; see `ingest.writing.store.DatabaseStore`."""

    @property
    def agents(self) -> int: ...

    async def keys_of(self, agents: Collection[str]) -> AgentKeys: ...

    def is_current(self, keys: AgentKeys) -> bool: ...

    def forget(self) -> None: ...

    async def write(self, batch: Batch, claims: Claims) -> None: ...


class Claimer(Protocol):
    """Claims partitions in the database; see `ingest.reading.claimer.PartitionClaimer`."""

    def forget_gaps(self) -> None: ...

    def accept_or_raise(self, gap: GapError) -> None: ...

    async def claim(
        self, bounds: Mapping[TopicPartition, Bounds], logs: Identities
    ) -> Assignment: ...

    async def check(self, claims: Claims, stored: Mapping[TopicPartition, int]) -> None: ...

    async def renew_connections(self) -> None: ...


class DeadLetterSink(Protocol):
    """Sends rejected events; see `ingest.writing.deadlettersender.DeadLetterSender`."""

    async def send(self, waiting: list[Rejection]) -> None: ...

"""Reads fetched batches in place of the client library, which is at the mercy of who sends.

It inflates a batch whole, however large it becomes, and stops at a header whose name is no UTF-8:
either would hold a partition up for ever. Here memory is bounded and nothing stops.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords

from ingest.inflate import Inflater
from ingest.record import Record
from ingest.recordbatch import RECORDS_AT, codec_of, is_readable, mend_names, split, uncompressed

# What producers send is a hundredth of it.
MAX_BATCH_BYTES: Final = 32 * 1024**2


class UnreadBatch(bytes):
    """A batch as the broker has it: the value of the record that stands for what is not read."""


@dataclass(frozen=True, slots=True)
class _Stand:
    """The record that stands for a batch, at its last offset."""

    offset: int
    timestamp: int
    value: UnreadBatch
    headers: tuple[tuple[str, bytes], ...]
    key: None = None


class _Records(PartitionRecords):  # type: ignore[misc] # aiokafka has no types
    """Hands out records for 0.6 µs each; the library's own, with all that it tells, cost 1.3."""

    def __iter__(self) -> Iterator[Record]:
        records: Iterator[Record] = self._records_iterator
        return records

    def _consumer_record(self, tp: TopicPartition, record: Any) -> Record:
        return Record(
            tp.topic,
            tp.partition,
            record.offset,
            record.timestamp,
            record.key,
            record.value,
            tuple(record.headers),
        )


class Unpacker:
    """Unpacks for one consumer; inflates no more than two batches' worth between calls of `begin`.

    While `is_careful` is set, names of headers may be anything; that costs some speed.
    """

    def __init__(self, max_bytes: int = MAX_BATCH_BYTES) -> None:
        self._inflater = Inflater(max_bytes)
        self._inflated = 0
        self.is_careful = False

    @contextmanager
    def in_charge(self) -> Iterator[None]:
        """The client library asks this unpacker, and not its own, within."""
        fetcher.MemoryRecords = self.unpack
        fetcher.PartitionRecords = _Records
        try:
            yield
        finally:
            fetcher.MemoryRecords = MemoryRecords
            fetcher.PartitionRecords = PartitionRecords

    def begin(self) -> None:
        """What was inflated before is in use no more."""
        self._inflated = 0

    @property
    def is_full(self) -> bool:
        """Whether what is inflated has to be used first."""
        return self._inflated >= self._inflater.max_bytes

    def unpack(self, data: bytes) -> Any:
        """What the library takes batches from: its own reader wherever that will do."""
        batches = split(data)
        if all(map(is_readable, batches)) and (self.is_careful or any(map(codec_of, batches))):
            return _Batches(batches, self)
        return MemoryRecords(data)

    def read(self, batch: memoryview) -> Iterable[Any]:
        """The records of a batch, or the one that stands for it."""
        records = self._inflate(batch)
        if records is None:
            return [_stand_for(batch)]
        plain = uncompressed(batch, records)
        return _read_with_care(plain) if self.is_careful else DefaultRecordBatch(plain)

    def _inflate(self, batch: memoryview) -> bytes | None:
        codec = codec_of(batch)
        payload = batch[RECORDS_AT:].tobytes()
        records = self._inflater.inflate(codec, payload) if codec else payload
        self._inflated += len(records or b"")
        return records


class _Batches:
    """The batches of one partition, each unpacked in its turn."""

    def __init__(self, batches: list[memoryview], unpacker: Unpacker) -> None:
        self._batches = deque(batches)
        self._unpacker = unpacker
        self._is_new = True

    def has_next(self) -> bool:
        """The library asks when the data arrives, where a no would mean that it cannot be read;
        and then before each batch, where a no ends this reading: the rest is fetched again."""
        is_new, self._is_new = self._is_new, False
        return bool(self._batches) and (is_new or not self._unpacker.is_full)

    def size_in_bytes(self) -> int:
        return sum(map(len, self._batches))

    def next_batch(self) -> Any:
        batch = self._batches.popleft()
        native = DefaultRecordBatch(batch)
        if native.is_control_batch or not (codec_of(batch) or self._unpacker.is_careful):
            return native
        return _Batch(batch, native, self._unpacker)


class _Batch:
    """A batch that says of itself what the library's own says, and is read by the unpacker."""

    def __init__(self, batch: memoryview, native: Any, unpacker: Unpacker) -> None:
        self._batch = batch
        self._native = native
        self._unpacker = unpacker

    def __getattr__(self, name: str) -> Any:
        return getattr(self._native, name)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._unpacker.read(self._batch))


def _read_with_care(plain: bytearray) -> Iterator[Any]:
    try:
        yield from DefaultRecordBatch(plain)
    except UnicodeDecodeError:
        mend_names(plain)
        # From its start again: the library leaves out what it has read already.
        yield from DefaultRecordBatch(plain)


def _stand_for(batch: memoryview) -> _Stand:
    native = DefaultRecordBatch(batch)
    return _Stand(
        native.next_offset - 1,
        native.max_timestamp,
        UnreadBatch(batch),
        # With a header it is taken for no common sample.
        (("fleetgauge.batch", b"%d" % native.base_offset),),
    )

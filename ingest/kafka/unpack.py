"""Unpacks fetched record batches in bounded memory, and locates damaged ones."""

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Final

from aiokafka.errors import CorruptRecordException
from aiokafka.record.control_record import ControlRecord
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.legacy_records import LegacyRecordBatch
from aiokafka.record.memory_records import MemoryRecords

from ingest.errors import sentence
from ingest.kafka.decompress import Decompressor
from ingest.kafka.recordbatch import (
    MAGIC_AT,
    RECORDS_AT,
    codec_of,
    is_legacy,
    is_readable,
    is_whole,
    next_offset_after,
    replace_invalid_names,
    split,
    uncompressed,
)
from ingest.reading.quarantine import Quarantine
from ingest.reading.unreadable import Damage, Placeholder, too_large

# Producers' batches are a hundredth of it.
MAX_BATCH_BYTES: Final = 32 * 1024**2


class Unpacker:
    """Unpacks for one consumer; decompresses at most two maximum batches between calls of `begin`.

    While `is_careful` is set, header names need not be valid UTF-8; this is slower.
    """

    def __init__(self, quarantine: Quarantine, max_bytes: int = MAX_BATCH_BYTES) -> None:
        self.quarantine = quarantine
        self._decompressor = Decompressor(max_bytes)
        self._decompressed_bytes = 0
        self.is_careful = False

    def begin(self) -> None:
        """Resets the limit: data decompressed before is no longer in use."""
        self._decompressed_bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether decompressed data must be consumed first."""
        return self._decompressed_bytes >= self._decompressor.max_bytes

    def unpack(self, data: bytes) -> "FetchedBatches":
        """The batches for the library, read by its own reader if they are plain."""
        batches = split(data)
        is_plain = not self.is_careful and all(map(_is_plain, batches))
        if is_plain and all(map(is_whole, batches[-1:])):
            return PlainBatches(data, batches, self)
        return Batches(batches, self)

    def open(self, batch: memoryview) -> Any:
        """A batch with the library's interface; raises CorruptRecordException if it is invalid."""
        if is_whole(batch) and is_legacy(batch):
            return LegacyRecordBatch(batch, batch[MAGIC_AT])
        if not (is_whole(batch) and is_readable(batch)):
            raise CorruptRecordException("its length or format is invalid")
        native = DefaultRecordBatch(batch)
        if native.is_control_batch or not (codec_of(batch) or self.is_careful):
            return native
        return _Batch(batch, native, self)

    def decompress(self, batch: memoryview) -> bytearray | None:
        """The batch with its records decompressed; None if that is too large.

        Raises ValueError or the library's errors if it is unreadable.
        """
        codec = codec_of(batch)
        payload = batch[RECORDS_AT:].tobytes()
        records = self._decompressor.decompress(codec, payload) if codec else payload
        self._decompressed_bytes += len(records or b"")
        return None if records is None else uncompressed(batch, records)

    def placeholder_for(self, batch: memoryview) -> Placeholder:
        """The placeholder of a batch that is too large."""
        native = DefaultRecordBatch(batch)
        last, first = native.next_offset - 1, native.base_offset
        return too_large(batch, last, native.max_timestamp, first, self._decompressor.max_bytes)

    def damage_in(self, batches: Sequence[memoryview], at: int, error: Exception) -> Damage:
        """The damage in fetched batches that are unreadable from offset `at`."""
        for place, batch in enumerate(batches):
            problem = self._problem_of(batch)
            if problem is not None:
                following = next_offset_after(batches, place, at)
                return Damage(at, following, problem, batch.tobytes(), place)
        return Damage(at, None, sentence(error), b"", len(batches))

    def _problem_of(self, batch: memoryview) -> str | None:
        """Why a batch is unreadable; None if it is readable."""
        try:
            opened = self.open(batch)
            if not opened.validate_crc():
                return "its checksum does not match"
            if opened.is_control_batch:
                ControlRecord.parse(next(opened).key)
            else:
                deque(opened, maxlen=0)
        except MemoryError:
            raise
        except Exception as error:
            return sentence(error)
        return None


class PlainBatches:
    """The batches of one partition, read by the library's own reader."""

    def __init__(self, data: bytes, batches: list[memoryview], unpacker: Unpacker) -> None:
        self.batches = batches
        self.unpacker = unpacker
        native = MemoryRecords(data)
        # Bound methods of the library's reader, which are called for each batch.
        self.has_next = native.has_next
        self.next_batch = native.next_batch
        self.size_in_bytes = native.size_in_bytes


class Batches:
    """The batches of one partition, each unpacked when it is read."""

    def __init__(self, batches: list[memoryview], unpacker: Unpacker) -> None:
        self.batches = batches
        self.unpacker = unpacker
        self._next = iter(batches)
        self._left = len(batches)
        self._is_new = True

    def has_next(self) -> bool:
        """The library calls it when the data arrives, where False would mean unreadable data, and
        before each batch, where False ends this fetch: the rest is fetched again."""
        is_new, self._is_new = self._is_new, False
        return self._left > 0 and (is_new or not self.unpacker.is_full)

    def size_in_bytes(self) -> int:
        return sum(map(len, self.batches))

    def next_batch(self) -> Any:
        self._left -= 1
        return self.unpacker.open(next(self._next))


FetchedBatches = PlainBatches | Batches


class _Batch:
    """A batch with the library's attributes, read by the unpacker."""

    def __init__(self, batch: memoryview, native: Any, unpacker: Unpacker) -> None:
        self._batch = batch
        self._native = native
        self._unpacker = unpacker

    def __getattr__(self, name: str) -> Any:
        return getattr(self._native, name)

    @cached_property
    def plain(self) -> bytearray | None:
        """The decompressed batch, as from `Unpacker.decompress`."""
        return self._unpacker.decompress(self._batch)

    def __iter__(self) -> Iterator[Any]:
        plain = self.plain
        if plain is None:
            return iter([self._unpacker.placeholder_for(self._batch)])
        return iter(
            _read_with_care(plain) if self._unpacker.is_careful else DefaultRecordBatch(plain)
        )


def _read_with_care(plain: bytearray) -> Iterator[Any]:
    try:
        yield from DefaultRecordBatch(plain)
    except UnicodeDecodeError:
        replace_invalid_names(plain)
        # From the start again: the library skips the records that it has read.
        yield from DefaultRecordBatch(plain)


def plain_bytes(opened: Any, batch: memoryview) -> memoryview | bytearray | None:
    """The decompressed bytes of an opened batch; None if its format has none.

    Raises as `Unpacker.decompress`.
    """
    if isinstance(opened, DefaultRecordBatch):
        return batch
    return opened.plain if isinstance(opened, _Batch) else None


def _is_plain(batch: memoryview) -> bool:
    return is_readable(batch) and not codec_of(batch)

"""Reads the fetched record batches of one partition, many records at once.

aiokafka decompresses a batch of any size, stops at a header name that is not valid UTF-8, and
stops reading all partitions at one unreadable batch. This reader bounds memory, and an unreadable
batch affects its own partition only.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import Any

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException

from ingest.kafka.blockparser import ENOUGH, FEWEST, UnsupportedFormatError, parse_block
from ingest.kafka.cursor import BlockCursor, Cursor, RecordCursor
from ingest.kafka.recordbatch import count_of, is_simple
from ingest.kafka.unpack import Batches, FetchedBatches, plain_bytes
from ingest.reading.quarantine import Verdict
from ingest.reading.unreadable import Damage, skipped
from ingest.record import Record
from ingest.records import Records


class PartitionReader(PartitionRecords):  # type: ignore[misc] # aiokafka has no types
    """The records of one fetch of a partition.

    It ends before an unreadable batch, from where the client fetches again. After any error it
    reads record by record (`is_one_by_one`), at three times the cost.
    """

    _records: FetchedBatches
    next_fetch_offset: int

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        # The library's iterator refers to this reader. The cycle would keep the fetched bytes until
        # the garbage collector runs, which it does rarely when a batch creates few objects.
        self._records_iterator: Iterator[Record] | None = None
        self.is_at_end = False
        self._current: Cursor | None = None
        # The number of opened batches, and the index of the first current one.
        self._first = 0
        self._begun = 0
        # The next offsets of the current batches.
        self._next_offsets: list[int] = []
        self.is_one_by_one = False

    def take(self, most: int) -> Records:
        """The next records, up to `most`; fewer only at the end."""
        found = Records()
        while len(found) < most and not self.is_at_end:
            found.extend(self._next(most - len(found)))
        return found

    def _next(self, most: int) -> Sequence[Record]:
        """Some of the next records; empty before the next batch is opened."""
        if self.is_one_by_one:
            found = list(islice(self, most))
            self.is_at_end = len(found) < most
            return found
        try:
            return self._read_together(most)
        except MemoryError:
            raise
        except Exception:
            # Read record by record from the current batch on, up to the record that fails.
            done = sum(offset <= self.next_fetch_offset for offset in self._next_offsets)
            self._records = Batches(self._records.batches[self._first + done :], self._unpacker)
            self._records_iterator = self._unpack_records()
            self.is_one_by_one = True
            return []

    def _read_together(self, most: int) -> Sequence[Record]:
        if self._current is None:
            self._begin()
            return ()
        found = self._current.take(most)
        start = self.next_fetch_offset
        if len(found) < most:
            self._current, self.next_fetch_offset = None, self._next_offsets[-1]
        else:
            self.next_fetch_offset = max(start, found[-1].offset + 1)
        if found and found[0].offset < start:
            # Batches are fetched whole, even if their first records were read before.
            return [record for record in found if record.offset >= start]
        return found

    def _begin(self) -> None:
        """Opens the next batch, and following small ones to read them together."""
        if not self._records.has_next():
            self.is_at_end = True
            return
        self._first, self._next_offsets = self._begun, []
        opened = [self._next_batch()]
        if not self._is_wanted(opened[0]):
            self.next_fetch_offset = self._next_offsets[-1]
            return
        if is_simple(self._records.batches[self._first]):
            self._add_simple(opened)
        self._current = self._cursor(opened)

    def _next_batch(self) -> Any:
        batch = self._records.next_batch()
        self._begun += 1
        self._next_offsets.append(batch.next_offset)
        return batch

    def _add_simple(self, opened: list[Any]) -> None:
        """Opens further simple batches, until they have ENOUGH records together."""
        batches = self._records.batches
        count = count_of(batches[self._first])
        while (
            count < ENOUGH
            and self._begun < len(batches)
            and is_simple(batches[self._begun])
            and self._records.has_next()
        ):
            count += count_of(batches[self._begun])
            opened.append(self._next_batch())
            # A simple batch is not transactional, so this only checks its CRC.
            self._is_wanted(opened[-1])

    def _cursor(self, opened: Sequence[Any]) -> Cursor:
        batches = self._records.batches[self._first : self._begun]
        plain = [plain_bytes(*both) for both in zip(opened, batches, strict=True)]
        if all(one is not None for one in plain) and sum(map(count_of, batches)) >= FEWEST:
            with suppress(UnsupportedFormatError):
                return BlockCursor(parse_block(self._tp, plain))
        # A batch can be iterated only once, which `chain` does.
        return RecordCursor(self._tp, chain(*opened))

    def _is_wanted(self, batch: Any) -> bool:
        """Whether to read its records: false for aborted transactions and control batches.

        Source: aiokafka's `PartitionRecords._unpack_records`.
        """
        if self._check_crcs and not batch.validate_crc():
            raise CorruptRecordException(f"Invalid CRC - {self._tp}")
        if self._isolation_level == READ_COMMITTED and batch.producer_id is not None:
            self._consume_aborted_up_to(batch.base_offset)
            if batch.is_control_batch and self._contains_abort_marker(batch):
                self._aborted_producers.discard(batch.producer_id)
            if batch.is_transactional and batch.producer_id in self._aborted_producers:
                return False
        return not batch.is_control_batch

    @property
    def _unpacker(self) -> Any:
        return self._records.unpacker

    def _unpack_records(self) -> Iterator[Record]:
        """Reads record by record, which finds the unreadable one."""
        damage: Damage | None = None
        while True:
            try:
                yield from super()._unpack_records()
                return
            except MemoryError:
                raise
            # Any error concerns this partition only.
            except Exception as error:
                damage = self._damage_by(error)
            if damage is None:
                return
            verdict = self._unpacker.quarantine.judge(self._tp, damage)
            if verdict is Verdict.WAIT or damage.next is None:
                return
            self._skip(damage, damage.next)
            if verdict is Verdict.SKIP:
                yield self._consumer_record(self._tp, skipped(damage, damage.next))
            if self._aborted_producers:
                # The damage may hide the abort marker of a transaction, and its producer's next one
                # would be dropped too: fetch the rest again, with its aborted transactions.
                return

    def _damage_by(self, error: Exception) -> Damage | None:
        """The damage; None if reading should be retried in another way."""
        if isinstance(error, UnicodeDecodeError) and not self._unpacker.is_careful:
            self._unpacker.is_careful = True
            return None
        damage: Damage = self._unpacker.damage_in(
            self._records.batches, self.next_fetch_offset, error
        )
        return damage

    def _skip(self, damage: Damage, next_offset: int) -> None:
        rest = self._records.batches[damage.place + 1 :]
        self._records = Batches(rest, self._unpacker)
        self.next_fetch_offset = max(damage.offset, next_offset)

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


class PartitionResult(FetchResult):  # type: ignore[misc]
    """A fetched partition that the library keeps until it is consumed."""

    _partition_records: PartitionReader | None

    def getall(self, max_records: int | None = None) -> Records:
        """The next records; none if the partition is revoked or paused."""
        reader = self._partition_records
        if reader is None or not self.check_assignment(self._topic_partition):
            return Records()
        found = reader.take(max_records or sys.maxsize)
        self._update_position()
        if reader.is_at_end:
            self._partition_records = None
        return found

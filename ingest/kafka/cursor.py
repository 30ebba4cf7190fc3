"""Cursors over the records of opened record batches."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Protocol

from aiokafka import TopicPartition

from ingest.record import Record
from ingest.recordblock import RecordBlock


class Cursor(Protocol):
    """Returns `most` records each time, fewer only at the end."""

    def take(self, most: int) -> Sequence[Record]: ...


class BlockCursor:
    """A cursor over a record block."""

    def __init__(self, block: RecordBlock) -> None:
        self._rest = block

    def take(self, most: int) -> RecordBlock:
        found, self._rest = self._rest[:most], self._rest[most:]
        return found


class RecordCursor:
    """A cursor over records that aiokafka parses one by one."""

    def __init__(self, partition: TopicPartition, records: Iterator[Any]) -> None:
        self._partition = partition
        self._records = records

    def take(self, most: int) -> list[Record]:
        topic, partition = self._partition
        # A list costs 0.25 µs a record; aiokafka's two generators cost 0.75.
        return [
            Record(
                topic,
                partition,
                record.offset,
                record.timestamp,
                record.key,
                record.value,
                tuple(record.headers) if record.headers else (),
            )
            for record in islice(self._records, most)
        ]

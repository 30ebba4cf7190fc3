"""Parses many records of record batches at once, without an object for each.

Most messages are one JSON object without record headers, so a record ends with a closing brace and
a zero. All length fields are then parsed for all records together, and must agree with these ends
from the first record of a batch to its last. Otherwise aiokafka parses the batch.

Source: Kafka's protocol, "Record", magic 2.
"""

import struct
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from aiokafka import TopicPartition

from ingest.kafka.recordbatch import (
    ATTRIBUTES_AT,
    COUNT_AT,
    FIRST_TIMESTAMP_AT,
    LOG_APPEND_TIME_MASK,
    MAX_TIMESTAMP_AT,
    RECORDS_AT,
)
from ingest.recordblock import RecordBlock

CLOSING_BRACE: Final = ord("}")
# For lengths and offsets: a batch has no larger ones.
MAX_VARINT_BYTES: Final = 5
# Parsing may read this far beyond the last batch.
PADDING: Final = bytes(3 * MAX_VARINT_BYTES)

# With fewer records it does not pay off; small batches are joined up to ENOUGH records.
FEWEST: Final = 64
ENOUGH: Final = 1_000


class UnsupportedFormatError(ValueError):
    """The records cannot be parsed this way."""


def parse_block(partition: TopicPartition, batches: Sequence[Any]) -> RecordBlock:
    """The records of whole, uncompressed batches; raises UnsupportedFormatError."""
    data = _records_only(batches)
    found = np.frombuffer(data, np.uint8)
    counts = _fields_of(batches, ">i", COUNT_AT)
    ends = _ends(found)
    _require((counts > 0).all() and len(ends) == counts.sum())
    sizes = np.array([len(batch) for batch in batches])
    behind = counts.cumsum()
    begins = np.concatenate(([0], ends[:-1]))
    begins[behind - counts] = sizes.cumsum() - sizes + RECORDS_AT
    _require((ends[behind - 1] == sizes.cumsum()).all())
    reader = _Reader(found, begins)
    length = reader.varints()
    # Attributes of records are unused.
    _require((reader.at + length == ends).all() and not found[reader.at].any())
    reader.skip(1)
    delta_ms, delta = reader.varints(), reader.varints()
    key_lengths = reader.varints()
    _require((key_lengths >= -1).all())
    key_starts = reader.at
    reader.skip(np.maximum(key_lengths, 0))
    value_lengths = reader.varints()
    _require((reader.at + value_lengths == ends - 1).all())
    offsets = np.repeat(_fields_of(batches, ">q", 0), counts) + delta
    _require((np.diff(offsets) > 0).all())
    return RecordBlock(
        partition.topic,
        partition.partition,
        data,
        offsets,
        _timestamps(batches, counts, delta_ms),
        key_starts,
        key_lengths,
        reader.at,
        value_lengths,
    )


def _ends(found: Any) -> Any:
    """The positions after each closing brace and a zero, the number of headers.

    A brace alone may also be part of a nested object, of a key, or of a length or time.
    """
    behind = np.flatnonzero(found == CLOSING_BRACE) + 1
    return behind[found[behind] == 0] + 1


def _records_only(batches: Sequence[Any]) -> bytearray:
    """All bytes, with batch headers zeroed, so that no brace is found in them."""
    data = bytearray()
    for batch in batches:
        data += bytes(RECORDS_AT)
        data += batch[RECORDS_AT:]
    return data + PADDING


def _timestamps(batches: Sequence[Any], counts: Any, delta_ms: Any) -> Any:
    """Milliseconds since 1970: broker time of the batch, or producer time of each record."""
    attributes = _fields_of(batches, ">h", ATTRIBUTES_AT)
    is_brokers = (attributes & LOG_APPEND_TIME_MASK) != 0
    first = _fields_of(batches, ">q", FIRST_TIMESTAMP_AT)
    last = _fields_of(batches, ">q", MAX_TIMESTAMP_AT)
    return np.repeat(np.where(is_brokers, last, first), counts) + np.where(
        np.repeat(is_brokers, counts), 0, delta_ms
    )


def _fields_of(batches: Sequence[Any], kind: str, at: int) -> Any:
    """One field of each batch's header."""
    return np.array([struct.unpack_from(kind, batch, at)[0] for batch in batches], np.int64)


class _Reader:
    """Reads a field of all records at once; `at` has the position of each record's next field."""

    def __init__(self, found: Any, at: Any) -> None:
        self._found = found
        self._end = len(found) - len(PADDING)
        self.at = at

    def skip(self, lengths: Any) -> None:
        """Raises UnsupportedFormatError if a record would end outside the batches."""
        self.at = self.at + lengths
        _require((self.at <= self._end).all())

    def varints(self) -> Any:
        """Zigzag varints of up to MAX_VARINT_BYTES bytes."""
        byte = self._found[self.at]
        value = (byte & 0x7F).astype(np.int64)
        self.at = self.at + 1
        continued = np.flatnonzero(byte >= 0x80)
        for place in range(1, MAX_VARINT_BYTES):
            if not len(continued):
                break
            byte = self._found[self.at[continued]]
            value[continued] |= (byte & 0x7F).astype(np.int64) << 7 * place
            self.at[continued] += 1
            continued = continued[byte >= 0x80]
        _require(not len(continued))
        return (value >> 1) ^ -(value & 1)


def _require(is_met: Any) -> None:
    if not is_met:
        raise UnsupportedFormatError

"""Finds many records in the bytes of their batches at once, without an object for each.

The value of most samples is one flat JSON object, and they have no headers: so a record ends behind
each closing brace. Every length that the format has is then read, for all records together, and has
to agree with that, from the first record of a batch to its last. What does not agree is left to the
client library.

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
# Of lengths and offsets: a batch has room for no more.
MAX_VARINT_BYTES: Final = 5
# What is read of a record may end so far behind the last batch.
PADDING: Final = bytes(3 * MAX_VARINT_BYTES)


# Fewer records are not worth it, and more of small batches need not be put together.
FEWEST: Final = 64
ENOUGH: Final = 1_000


class UnsupportedFormatError(ValueError):
    """The records cannot be found this way."""


def parse_block(partition: TopicPartition, batches: Sequence[Any]) -> RecordBlock:
    """The records of whole, uncompressed batches; raises UnsupportedFormatError."""
    data = _without_headers(batches)
    found = np.frombuffer(data, np.uint8)
    counts = _fields_of(batches, ">i", COUNT_AT)
    # Behind the brace is the number of the record's headers, none.
    ends = np.flatnonzero(found == CLOSING_BRACE) + 2
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
    _require((reader.at + value_lengths == ends - 1).all() and not found[ends - 1].any())
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


def _without_headers(batches: Sequence[Any]) -> bytearray:
    """All bytes, zeros for those of the batches' headers: nothing there is taken for a brace."""
    data = bytearray()
    for batch in batches:
        data += bytes(RECORDS_AT)
        data += batch[RECORDS_AT:]
    return data + PADDING


def _timestamps(batches: Sequence[Any], counts: Any, delta_ms: Any) -> Any:
    """Milliseconds since 1970: the broker's of the batch, or the producer's of each record."""
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
    """Reads a field of all records at once; `at` is where each one's next field begins."""

    def __init__(self, found: Any, at: Any) -> None:
        self._found = found
        self._end = len(found) - len(PADDING)
        self.at = at

    def skip(self, lengths: Any) -> None:
        """Raises UnsupportedFormatError where a record would end outside the batches."""
        self.at = self.at + lengths
        _require((self.at <= self._end).all())

    def varints(self) -> Any:
        """Numbers of up to MAX_VARINT_BYTES bytes, with their signs in the last bit."""
        byte = self._found[self.at]
        value = (byte & 0x7F).astype(np.int64)
        self.at = self.at + 1
        going_on = np.flatnonzero(byte >= 0x80)
        for place in range(1, MAX_VARINT_BYTES):
            if not len(going_on):
                break
            byte = self._found[self.at[going_on]]
            value[going_on] |= (byte & 0x7F).astype(np.int64) << 7 * place
            self.at[going_on] += 1
            going_on = going_on[byte >= 0x80]
        _require(not len(going_on))
        return (value >> 1) ^ -(value & 1)


def _require(is_met: Any) -> None:
    if not is_met:
        raise UnsupportedFormatError

"""Kafka's record batches as bytes: boundaries, header fields, names of record headers.

Source: Kafka's protocol, "Record Batch", magic 2.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import Final

from aiokafka.record.util import calc_crc32c, decode_varint

LENGTH_AT: Final = 8
# The length field counts the bytes from here on.
COUNTED_AT: Final = 12
MAGIC_AT: Final = 16
MAGIC: Final = 2
CRC_AT: Final = 17
ATTRIBUTES_AT: Final = 21
CODEC_MASK: Final = 0x07
LOG_APPEND_TIME_MASK: Final = 0x08
# Transactional, or a control batch.
TRANSACTION_MASK: Final = 0x30
LAST_OFFSET_DELTA_AT: Final = 23
FIRST_TIMESTAMP_AT: Final = 27
MAX_TIMESTAMP_AT: Final = 35
COUNT_AT: Final = 57
RECORDS_AT: Final = 61
# The length of the shortest message of the oldest format, magic 0.
LEAST_COUNTED: Final = 14


def split(data: bytes) -> list[memoryview]:
    """The whole batches in fetched bytes; a partial one at the end is left out.

    A broker sends the first batch whole. If a length contradicts this or is invalid, the rest of
    the data is the last item.
    """
    batches: list[memoryview] = []
    rest = memoryview(data)
    while len(rest) > COUNTED_AT:
        (length,) = struct.unpack_from(">i", rest, LENGTH_AT)
        end = COUNTED_AT + length
        if length < LEAST_COUNTED or (end > len(rest) and not batches):
            return [*batches, rest]
        if end > len(rest):
            return batches
        batches.append(rest[:end])
        rest = rest[end:]
    return batches if batches or not rest else [rest]


def is_readable(batch: memoryview) -> bool:
    """Whether it has magic 2, the only format that Kafka 4 writes."""
    return len(batch) >= RECORDS_AT and batch[MAGIC_AT] == MAGIC


def is_legacy(batch: memoryview) -> bool:
    """Whether it has an older format."""
    return len(batch) > MAGIC_AT and batch[MAGIC_AT] < MAGIC


def is_whole(batch: memoryview) -> bool:
    """Whether its length matches its header; true for all items of `split` but the last."""
    if len(batch) < COUNTED_AT + LEAST_COUNTED:
        return False
    (length,) = struct.unpack_from(">i", batch, LENGTH_AT)
    return bool(COUNTED_AT + length == len(batch))


def is_intact(batch: memoryview) -> bool:
    """Whether it has magic 2 and its checksum matches."""
    if not (is_whole(batch) and is_readable(batch)):
        return False
    (crc,) = struct.unpack_from(">I", batch, CRC_AT)
    return bool(crc == calc_crc32c(batch[ATTRIBUTES_AT:].tobytes()))


def next_offset_after(batches: Sequence[memoryview], damaged: int, at: int) -> int | None:
    """The offset after the damaged one of these batches, which is read at offset `at`.

    The base offset of the following batch, if that one is intact. Otherwise from the batch's own
    header, if its two record counts agree. None if neither is reliable.
    """
    for following in batches[damaged + 1 : damaged + 2]:
        if is_intact(following):
            return _base_offset(following)
    batch = batches[damaged]
    if len(batch) < RECORDS_AT:
        return None
    (delta,) = struct.unpack_from(">i", batch, LAST_OFFSET_DELTA_AT)
    (count,) = struct.unpack_from(">i", batch, COUNT_AT)
    first = _base_offset(batch)
    is_sound = delta + 1 == count and first <= at < first + count
    return first + count if is_sound else None


def _base_offset(batch: memoryview) -> int:
    (offset,) = struct.unpack_from(">q", batch)
    return int(offset)


def count_of(batch: memoryview) -> int:
    """The number of records; 0 for an older format."""
    return int(struct.unpack_from(">i", batch, COUNT_AT)[0]) if is_readable(batch) else 0


def is_simple(batch: memoryview) -> bool:
    """Whether it is whole, uncompressed, not transactional and not a control batch."""
    if not (is_whole(batch) and is_readable(batch)):
        return False
    (attributes,) = struct.unpack_from(">h", batch, ATTRIBUTES_AT)
    return not int(attributes) & (CODEC_MASK | TRANSACTION_MASK)


def codec_of(batch: memoryview) -> int:
    """The number of the compression codec; 0 if uncompressed."""
    (attributes,) = struct.unpack_from(">h", batch, ATTRIBUTES_AT)
    return int(attributes) & CODEC_MASK


def uncompressed(batch: memoryview, records: bytes) -> bytearray:
    """The batch with these records instead of its compressed ones; its checksum is invalid."""
    plain = bytearray(batch[:RECORDS_AT]) + records
    (attributes,) = struct.unpack_from(">h", plain, ATTRIBUTES_AT)
    struct.pack_into(">i", plain, LENGTH_AT, len(plain) - COUNTED_AT)
    struct.pack_into(">h", plain, ATTRIBUTES_AT, attributes & ~CODEC_MASK)
    return plain


def replace_invalid_names(batch: bytearray) -> None:
    """Replaces non-ASCII bytes with `?` in header names that are not valid UTF-8."""
    for start, end in _names(batch):
        try:
            batch[start:end].decode()
        except UnicodeDecodeError:
            batch[start:end] = bytes(byte if byte < 0x80 else ord("?") for byte in batch[start:end])


def _names(batch: bytearray) -> Iterator[tuple[int, int]]:
    """The [start, end) of each header name in an uncompressed batch."""
    at = RECORDS_AT
    (count,) = struct.unpack_from(">i", batch, COUNT_AT)
    for _ in range(count):
        length, at = decode_varint(batch, at)
        end = at + length
        # After the attributes: time, offset, key, value.
        _, at = decode_varint(batch, at + 1)
        _, at = decode_varint(batch, at)
        at = _skip_bytes(batch, _skip_bytes(batch, at))
        headers, at = decode_varint(batch, at)
        for _ in range(headers):
            size, at = decode_varint(batch, at)
            yield at, at + size
            at = _skip_bytes(batch, at + size)
        at = end


def _skip_bytes(batch: bytearray, at: int) -> int:
    """The end of the length-prefixed bytes at `at`; a length of -1 is null."""
    size, start = decode_varint(batch, at)
    return int(start + max(0, size))

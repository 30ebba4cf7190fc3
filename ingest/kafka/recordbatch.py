"""Kafka's record batches as bytes: where one ends, what it says of itself, names of headers.

Source: Kafka's protocol, "Record Batch", magic 2.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import Final

from aiokafka.record.util import calc_crc32c, decode_varint

LENGTH_AT: Final = 8
# The length counts what is behind it.
COUNTED_AT: Final = 12
MAGIC_AT: Final = 16
MAGIC: Final = 2
CRC_AT: Final = 17
ATTRIBUTES_AT: Final = 21
CODEC_MASK: Final = 0x07
LOG_APPEND_TIME_MASK: Final = 0x08
# In a transaction, or a mark of one.
TRANSACTION_MASK: Final = 0x30
LAST_OFFSET_DELTA_AT: Final = 23
FIRST_TIMESTAMP_AT: Final = 27
MAX_TIMESTAMP_AT: Final = 35
COUNT_AT: Final = 57
RECORDS_AT: Final = 61
# What is behind the length of the shortest message of the oldest format, magic 0.
LEAST_COUNTED: Final = 14


def split(data: bytes) -> list[memoryview]:
    """The whole batches in fetched bytes; a part of one at the end is left out.

    A broker sends the first batch whole. Where a length says otherwise, or cannot be one, the rest
    of the data is the last item, whatever it is.
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
    """Whether it is of the format described here: all that Kafka 4 writes."""
    return len(batch) >= RECORDS_AT and batch[MAGIC_AT] == MAGIC


def is_legacy(batch: memoryview) -> bool:
    """Whether it is of an older format."""
    return len(batch) > MAGIC_AT and batch[MAGIC_AT] < MAGIC


def is_whole(batch: memoryview) -> bool:
    """Whether it is as long as its header says; of the items of `split`, all but the last are."""
    if len(batch) < COUNTED_AT + LEAST_COUNTED:
        return False
    (length,) = struct.unpack_from(">i", batch, LENGTH_AT)
    return bool(COUNTED_AT + length == len(batch))


def is_intact(batch: memoryview) -> bool:
    """Whether it is of the format described here and has the checksum that it was sent with."""
    if not (is_whole(batch) and is_readable(batch)):
        return False
    (crc,) = struct.unpack_from(">I", batch, CRC_AT)
    return bool(crc == calc_crc32c(batch[ATTRIBUTES_AT:].tobytes()))


def next_offset_behind(batches: Sequence[memoryview], damaged: int, at: int) -> int | None:
    """The offset behind the damaged one of these batches, which is read at offset `at`.

    The batch behind it says so, if that one is intact: offsets leave no gap. Else its own header
    does, if the two fields there that count its records agree. None where neither can be relied on.
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
    """How many records it has; 0 in an older format."""
    return int(struct.unpack_from(">i", batch, COUNT_AT)[0]) if is_readable(batch) else 0


def is_simple(batch: memoryview) -> bool:
    """Whether it is whole, uncompressed, in no transaction, and no mark of one."""
    if not (is_whole(batch) and is_readable(batch)):
        return False
    (attributes,) = struct.unpack_from(">h", batch, ATTRIBUTES_AT)
    return not int(attributes) & (CODEC_MASK | TRANSACTION_MASK)


def codec_of(batch: memoryview) -> int:
    """How its records are compressed; 0 where they are not."""
    (attributes,) = struct.unpack_from(">h", batch, ATTRIBUTES_AT)
    return int(attributes) & CODEC_MASK


def uncompressed(batch: memoryview, records: bytes) -> bytearray:
    """The batch with these records in place of its compressed ones; its checksum is void."""
    plain = bytearray(batch[:RECORDS_AT]) + records
    (attributes,) = struct.unpack_from(">h", plain, ATTRIBUTES_AT)
    struct.pack_into(">i", plain, LENGTH_AT, len(plain) - COUNTED_AT)
    struct.pack_into(">h", plain, ATTRIBUTES_AT, attributes & ~CODEC_MASK)
    return plain


def replace_invalid_names(batch: bytearray) -> None:
    """Puts `?` for what is not ASCII into names of headers that are no UTF-8."""
    for start, end in _names(batch):
        try:
            batch[start:end].decode()
        except UnicodeDecodeError:
            batch[start:end] = bytes(byte if byte < 0x80 else ord("?") for byte in batch[start:end])


def _names(batch: bytearray) -> Iterator[tuple[int, int]]:
    """Where the headers' names of an uncompressed batch begin and end."""
    at = RECORDS_AT
    (count,) = struct.unpack_from(">i", batch, COUNT_AT)
    for _ in range(count):
        length, at = decode_varint(batch, at)
        end = at + length
        # Behind the attributes: time, offset, key, value.
        _, at = decode_varint(batch, at + 1)
        _, at = decode_varint(batch, at)
        at = _behind(batch, _behind(batch, at))
        headers, at = decode_varint(batch, at)
        for _ in range(headers):
            size, at = decode_varint(batch, at)
            yield at, at + size
            at = _behind(batch, at + size)
        at = end


def _behind(batch: bytearray, at: int) -> int:
    """Where the bytes that begin here, with their length, end; a length of -1 stands for null."""
    size, start = decode_varint(batch, at)
    return int(start + max(0, size))

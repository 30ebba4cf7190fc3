"""Kafka's record batches as bytes: where one ends, what it says of itself, names of headers.

Source: Kafka's protocol, "Record Batch", magic 2.
"""

import struct
from collections.abc import Iterator
from typing import Final

from aiokafka.record.util import decode_varint

LENGTH_AT: Final = 8
# The length counts what is behind it.
COUNTED_AT: Final = 12
MAGIC_AT: Final = 16
MAGIC: Final = 2
ATTRIBUTES_AT: Final = 21
CODEC_MASK: Final = 0x07
COUNT_AT: Final = 57
RECORDS_AT: Final = 61


def split(data: bytes) -> list[memoryview]:
    """The whole batches in fetched bytes; a part of one at the end is left out."""
    batches = []
    rest = memoryview(data)
    while len(rest) > COUNTED_AT:
        (length,) = struct.unpack_from(">i", rest, LENGTH_AT)
        if COUNTED_AT + length > len(rest):
            break
        batches.append(rest[: COUNTED_AT + length])
        rest = rest[COUNTED_AT + length :]
    return batches


def is_readable(batch: memoryview) -> bool:
    """Whether it is of the format described here: all that Kafka 4 writes."""
    return len(batch) >= RECORDS_AT and batch[MAGIC_AT] == MAGIC


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


def mend_names(batch: bytearray) -> None:
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

"""Record batches as producers make them, and as no client library would."""

import struct
from collections.abc import Sequence
from typing import Any, Final

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

CRC_AT: Final = 17
CHECKED_AT: Final = 21
CODECS: Final = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
Headers = Sequence[tuple[str, bytes | None]]


def batch(
    values: Sequence[bytes | None], codec: str = "none", first: int = 0, headers: Headers = ()
) -> bytes:
    """One batch of these values, each under the key `k`, all with these headers."""
    builder: Any = DefaultRecordBatchBuilder(2, CODECS[codec], 0, -1, -1, -1, 2**31 - 1)
    for offset, value in enumerate(values):
        builder.append(offset, 1_000, b"k", value, list(headers))
    raw = bytearray(builder.build())
    struct.pack_into(">q", raw, 0, first)
    return bytes(raw)


def with_other_name(raw: bytes, name: bytes, other: bytes) -> bytes:
    """An uncompressed batch whose headers of this name have another, of the same length."""
    return _with_checksum(bytearray(raw.replace(name, other)))


def _with_checksum(raw: bytearray) -> bytes:
    struct.pack_into(">I", raw, CRC_AT, calc_crc32c(bytes(raw[CHECKED_AT:])))
    return bytes(raw)


def changed(raw: bytes, at: int, value: bytes) -> bytes:
    """A batch with other bytes there, and a checksum that is right for them."""
    return _with_checksum(bytearray(raw[:at] + value + raw[at + len(value) :]))

"""Inflates compressed records up to a bound: two megabytes of zstd may be gigabytes."""

import struct
from collections.abc import Callable, Iterator
from typing import Any, Final

import cramjam
import numpy as np
from aiokafka.codec import snappy_decode

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
INTO: Final[dict[int, Callable[[bytes, Any], int]]] = {
    GZIP: cramjam.gzip.decompress_into,
    LZ4: cramjam.lz4.decompress_into,
    ZSTD: cramjam.zstd.decompress_into,
}
# What the library says where the result is longer than the room for it.
NO_ROOM: Final = "failed to write whole buffer"
# Java's way to cut snappy into blocks: this, two versions, then each block behind its length.
XERIAL: Final = b"\x82SNAPPY\0"
XERIAL_BYTES: Final = 16


class Decompressor:
    """Inflates to `max_bytes` and no further."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        # The system gives no memory for it before it is written to.
        self._room = np.empty(max_bytes, np.uint8)

    def decompress(self, codec: int, payload: bytes) -> bytes | None:
        """None where that is more than `max_bytes`; raises ValueError where it cannot be."""
        if codec == SNAPPY:
            return snappy_decode(payload) if self._fits(payload) else None
        if codec not in INTO:
            raise ValueError(f"there is no compression of number {codec}")
        try:
            return self._room[: INTO[codec](payload, self._room)].tobytes()
        except cramjam.DecompressionError as error:
            if str(error) == NO_ROOM:
                return None
            raise ValueError(f"it cannot be decompressed: {error}") from error

    def _fits(self, payload: bytes) -> bool:
        sizes = (cramjam.snappy.decompress_raw_len(block) for block in _blocks(payload))
        return sum(sizes) <= self.max_bytes


def _blocks(payload: bytes) -> Iterator[bytes]:
    if not payload.startswith(XERIAL):
        yield payload
        return
    at = XERIAL_BYTES
    while at < len(payload):
        (size,) = struct.unpack_from(">i", payload, at)
        at += 4
        yield payload[at : at + size]
        at += size

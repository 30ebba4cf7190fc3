"""Decompresses records up to a limit: two megabytes of zstd may expand to gigabytes."""

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
# cramjam's message if the result is longer than the buffer.
BUFFER_FULL: Final = "failed to write whole buffer"
# The framing of snappy-java: this magic, two versions, then blocks with their lengths.
XERIAL: Final = b"\x82SNAPPY\0"
XERIAL_BYTES: Final = 16


class Decompressor:
    """Decompresses up to `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        # The operating system allocates its pages only when they are written.
        self._buffer = np.empty(max_bytes, np.uint8)

    def decompress(self, codec: int, payload: bytes) -> bytes | None:
        """The records, None if they exceed `max_bytes`; raises ValueError if that fails."""
        if codec == SNAPPY:
            return snappy_decode(payload) if self._fits(payload) else None
        if codec not in INTO:
            raise ValueError(f"unknown compression codec {codec}")
        try:
            return self._buffer[: INTO[codec](payload, self._buffer)].tobytes()
        except cramjam.DecompressionError as error:
            if str(error) == BUFFER_FULL:
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

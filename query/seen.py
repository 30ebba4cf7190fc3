"""Packs the keys of the rows that a list has already shown, small enough for a cursor.

Keys in ascending order, delta-encoded as 7-bit varints and compressed. Any subset of ten thousand
consecutive keys takes at most 1,350 bytes.
"""

import zlib
from collections.abc import Iterable
from typing import Final

# Bounds the memory for a forged cursor.
MAX_UNPACKED_BYTES: Final = 65_536
MAX_KEY: Final = 2**31 - 1
_MORE: Final = 0x80
# The default suits runs of consecutive keys; Huffman coding alone is smaller for random distances.
_STRATEGIES: Final = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY)


class TooMuchSeenError(ValueError):
    """Packed data that exceeds MAX_UNPACKED_BYTES or is not a set of keys."""


def pack(keys: Iterable[int]) -> bytes:
    """Packs keys from 1 to MAX_KEY, in any order."""
    plain = bytearray()
    before = 0
    for key in sorted(set(keys)):
        distance = key - before
        while distance >= _MORE:
            plain.append(distance & 0x7F | _MORE)
            distance >>= 7
        plain.append(distance)
        before = key
    return (
        min((_compressed(plain, strategy) for strategy in _STRATEGIES), key=len) if plain else b""
    )


def _compressed(plain: bytearray, strategy: int) -> bytes:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15, 9, strategy)
    return deflater.compress(plain) + deflater.flush()


def unpack(packed: bytes) -> list[int]:
    """The keys in ascending order; raises TooMuchSeenError for data that `pack` did not create."""
    keys, key, distance, shift = [], 0, 0, 0
    for byte in _plain(packed):
        distance |= (byte & 0x7F) << shift
        shift += 7
        if byte & _MORE:
            continue
        key += distance
        keys.append(key)
        distance, shift = 0, 0
        if key > MAX_KEY:
            raise TooMuchSeenError("a key of more than 31 bits")
    if shift:
        raise TooMuchSeenError("a key that does not end")
    return keys


def _plain(packed: bytes) -> bytes:
    if not packed:
        return b""
    inflater = zlib.decompressobj(-15)
    try:
        plain = inflater.decompress(packed, MAX_UNPACKED_BYTES)
    except zlib.error as error:
        raise TooMuchSeenError("not compressed") from error
    if not inflater.eof or inflater.unused_data:
        raise TooMuchSeenError("too long, or cut off")
    return plain

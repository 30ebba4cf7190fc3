"""The agents or users that a list has shown already, small enough for a cursor.

Their keys in rising order, each as its distance from the one before, in 7 bits a byte, compressed.
Any keys of ten thousand in a row take 1,350 bytes at most.
"""

import zlib
from collections.abc import Iterable
from typing import Final

# What is unpacked of a cursor is bounded, for anybody may send one.
MAX_UNPACKED_BYTES: Final = 65_536
MAX_KEY: Final = 2**31 - 1
_MORE: Final = 0x80
# Runs of neighbours repeat; distances that look random only cost more where repeats are sought.
_STRATEGIES: Final = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY)


class TooMuchSeenError(ValueError):
    """A set that unpacks to more than MAX_UNPACKED_BYTES, or to no set of keys."""


def pack(keys: Iterable[int]) -> bytes:
    """Distinct keys, 1 to MAX_KEY, in any order."""
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
    """The keys in rising order; raises TooMuchSeenError where `pack` has not made this."""
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

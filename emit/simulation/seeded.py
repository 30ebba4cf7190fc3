"""Random numbers by key: the same key gives the same numbers in any process and order."""

import random
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, TypeVar

T = TypeVar("T")

_WORD: Final = 2**64 - 1


def key(*parts: int | str) -> int:
    """A 64-bit hash of these parts."""
    text = "/".join(map(str, parts))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def draws(*parts: int | str) -> random.Random:
    """A generator seeded by these parts."""
    return random.Random(key(*parts))  # noqa: S311 - nothing here is secret


def scrambled(of: int, number: int) -> int:
    """64 bits for one of many numbers under a key: SplitMix64, cheap enough for every sample."""
    z = (of + number * 0x9E3779B97F4A7C15) & _WORD
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & _WORD
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & _WORD
    return z ^ z >> 31


def pick(rng: random.Random, among: Sequence[T]) -> T:
    """One of these, with equal probability."""
    return among[int(rng.random() * len(among))]


def count(rng: random.Random, mean: float) -> int:
    """A random count with this mean."""
    return max(0, round(rng.gauss(mean, mean**0.5)))

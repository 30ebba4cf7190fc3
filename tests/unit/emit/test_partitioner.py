"""Keys go where Java's client would put them."""

import struct

import pytest
from aiokafka.partitioner import DefaultPartitioner, murmur2
from hypothesis import given
from hypothesis import strategies as st

U32 = 2**32 - 1


def written_from_the_algorithm(data: bytes) -> int:
    """MurmurHash2 (Austin Appleby) with the seed of Java's client, unsigned.

    4 bytes at a time as a little-endian word, then the rest.
    """
    factor, shift = 0x5BD1E995, 24
    hashed = 0x9747B28C ^ len(data)
    whole = len(data) - len(data) % 4
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        mixed = word * factor & U32
        mixed = (mixed ^ mixed >> shift) * factor & U32
        hashed = hashed * factor & U32 ^ mixed
    if data[whole:]:
        hashed = (hashed ^ int.from_bytes(data[whole:], "little")) * factor & U32
    hashed = (hashed ^ hashed >> 13) * factor & U32
    return hashed ^ hashed >> 15


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        # Cases of Kafka's own UtilsTest.
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_that_of_java(key: bytes, expected: int) -> None:
    assert murmur2(key) == written_from_the_algorithm(key) == expected % 2**32


def test_the_sign_is_cut_off_before_the_partition_is_taken() -> None:
    partitions = list(range(6))
    assert DefaultPartitioner()(b"21", partitions, partitions) == (-973932308 & 0x7FFFFFFF) % 6


@given(key=st.binary(min_size=1, max_size=128), count=st.integers(1, 64))
def test_any_key_goes_where_java_puts_it(key: bytes, count: int) -> None:
    partitions = list(range(count))
    expected = (written_from_the_algorithm(key) & 0x7FFFFFFF) % count
    assert DefaultPartitioner()(key, partitions, partitions) == expected

"""Keys go where Java's client would put them."""

import pytest
from aiokafka.partitioner import DefaultPartitioner, murmur2


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
    assert murmur2(key) == expected % 2**32


def test_the_sign_is_cut_off_before_the_partition_is_taken() -> None:
    partitions = list(range(6))
    assert DefaultPartitioner()(b"21", partitions, partitions) == (-973932308 & 0x7FFFFFFF) % 6

"""Records that are found all at once are those that the client library reads one by one."""

import json
import struct
from collections.abc import Sequence
from typing import Any, Final

import pytest
from aiokafka import TopicPartition
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from ingest.kafka.blockparser import UnsupportedFormatError, parse_block
from ingest.kafka.recordbatch import (
    ATTRIBUTES_AT,
    LOG_APPEND_TIME_MASK,
    MAX_TIMESTAMP_AT,
    RECORDS_AT,
)
from tests.unit.ingest.records import SAMPLE

HERE = TopicPartition("t", 3)
Part = tuple[int, int, bytes | None, bytes | None]
GOOD: Final = json.dumps(SAMPLE).encode()


class Batch:
    """Records at these offsets behind `first`: (offset, time, key, value)."""

    def __init__(self, first: int, records: Sequence[Part], headers: Any = ()) -> None:
        builder: Any = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 2**31 - 1)
        for offset, ts, key, value in records:
            builder.append(offset, ts, key, value, list(headers))
        self.raw = bytearray(builder.build())
        struct.pack_into(">q", self.raw, 0, first)

    def appended_at(self, ts: int) -> "Batch":
        """As the broker stamps it."""
        (attributes,) = struct.unpack_from(">h", self.raw, ATTRIBUTES_AT)
        struct.pack_into(">h", self.raw, ATTRIBUTES_AT, attributes | LOG_APPEND_TIME_MASK)
        struct.pack_into(">q", self.raw, MAX_TIMESTAMP_AT, ts)
        return self

    @property
    def bytes(self) -> memoryview:
        return memoryview(bytes(self.raw))


def found(*batches: Batch) -> list[tuple[Any, ...]]:
    block = parse_block(HERE, [batch.bytes for batch in batches])
    assert [(record.topic, record.partition, record.headers) for record in block] == [
        ("t", 3, ())
    ] * len(block)
    assert block.values() == [record.value for record in block]
    assert block.nbytes == sum(map(len, block.values()))
    return [(one.offset, one.timestamp, one.key, one.value) for one in block]


def by_library(*batches: Batch) -> list[tuple[Any, ...]]:
    return [
        (one.offset, one.timestamp, one.key, one.value)
        for batch in batches
        for one in DefaultRecordBatch(batch.bytes)
    ]


def flat(size: int) -> bytes:
    return b'{"a":"' + b"x" * size + b'"}'


keys = st.none() | st.binary(max_size=200)
plain = st.tuples(st.integers(0, 10**12), keys, st.integers(0, 20_000).map(flat))


@given(st.lists(st.lists(plain, min_size=1, max_size=5), min_size=1, max_size=4), st.booleans())
def test_finds_what_the_library_reads(groups: list[list[Any]], is_stamped: bool) -> None:
    batches, first = [], 1_000
    for group in groups:
        # Times of one batch lie within seconds of one another.
        records = [(n, group[0][0] + n * 77, *one[1:]) for n, one in enumerate(group)]
        batches.append(Batch(first, records))
        if is_stamped:
            batches[-1].appended_at(1_700_000_000_123)
        first += len(group)
    try:
        ours = found(*batches)
    except UnsupportedFormatError:
        # A key, a length or an offset may hold a brace and a zero.
        braces = sum(batch.bytes[RECORDS_AT:].tobytes().count(b"}\0") for batch in batches)
        assert braces > sum(map(len, groups))
        return
    assert ours == by_library(*batches)


def test_offsets_that_compaction_left_out() -> None:
    sparse = Batch(10, [(0, 5, b"k", GOOD), (7, 5, None, GOOD), (9_000, 6, b"", GOOD)])
    assert [one[0] for one in found(sparse, Batch(9_011, [(0, 5, b"k", GOOD)]))] == [
        *(10, 17, 9_010),
        9_011,
    ]


BRACES: Final[dict[str, list[Any]]] = {
    "an object in an object": [(0, 0, b"k", b'{"a":{}}')],
    "two objects": [(0, 0, b"k", b"{}{}")],
    "a brace in a key": [(0, 0, b"}", b"{}")],
    # Zigzag varints with a byte of 0x7d.
    "a brace in an offset": [(0, 0, b"k", b"{}"), (8_000, 1, b"k", b"{}")],
    "a brace in a time": [(0, 0, b"k", b"{}"), (1, 8_000, b"k", b"{}"), (2, 8_063, b"k", b"{}")],
}


@pytest.mark.parametrize("records", BRACES.values(), ids=BRACES)
def test_a_brace_ends_a_record_only_before_a_zero(records: list[Any]) -> None:
    batches = [Batch(0, [(n, 0, b"k", GOOD) for n in range(3)]), Batch(3, records)]
    assert found(*batches) == by_library(*batches)


OTHER: Final[dict[str, list[Any]]] = {
    "no object": [(0, 0, b"k", b"x")],
    "a brace in a length, before the zero of the attributes": [(0, 0, b"k", flat(8_000))],
    "something behind the object": [(0, 0, b"k", b"{} ")],
    "no value": [(0, 0, b"k", None), (1, 0, b"k", b"{}}")],
    "a brace and a zero in a key": [(0, 0, b"}\0", b"{}")],
    "the same, and none in the value": [(0, 0, b"a}\0", b"x")],
    "an offset that is there twice": [(5, 0, b"k", b"{}"), (5, 0, b"k", b"{}")],
}


@pytest.mark.parametrize("records", OTHER.values(), ids=OTHER)
def test_other_forms_are_left_to_the_library(records: list[Any]) -> None:
    with pytest.raises(UnsupportedFormatError):
        found(Batch(0, [(n, 0, b"k", GOOD) for n in range(-3, 0)]), Batch(0, records))


def test_headers_are_left_to_the_library() -> None:
    with pytest.raises(UnsupportedFormatError):
        found(Batch(0, [(0, 0, b"k", GOOD)], [("h", b"1")]))


@given(st.data())
def test_bytes_that_are_changed_are_never_read_otherwise(data: st.DataObject) -> None:
    """Whatever is made of the records' bytes: the library's reading, or none."""
    batch = Batch(0, [(n, n, b"key", flat(n * 40)) for n in range(4)])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(57, len(batch.raw) - 1))
        batch.raw[at] = data.draw(st.integers(0, 255))
    try:
        ours = found(batch)
    except UnsupportedFormatError:
        return
    assert ours == by_library(batch)


def test_values_are_lines_of_one_text() -> None:
    batches = [Batch(n * 3, [(m, m, b"k\n{", flat(n + m)) for m in range(3)]) for n in range(2)]
    block = parse_block(HERE, [batch.bytes for batch in batches])
    for part in (block, block[1:], block[2:4]):
        assert [line.strip() for line in part.text().split(b"\n")] == part.values()

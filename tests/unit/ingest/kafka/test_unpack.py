"""Batches as the client library would read them, but for what would harm."""

import gc
import struct
import weakref
from typing import Any, Final

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from ingest.kafka.reader import PartitionReader
from ingest.kafka.recordbatch import ATTRIBUTES_AT
from ingest.kafka.unpack import Unpacker
from ingest.reading.quarantine import Quarantine
from ingest.reading.unreadable import UnreadableBatch
from ingest.record import Record
from tests.unit.ingest.batches import CODECS, batch, changed, with_other_name

HERE = TopicPartition("t", 0)
VALUES = [b"a" * 100, None, b"", b"b" * 100]
BOUND: Final = 1_000
BOMB = [b"\0" * 2 * BOUND]


def unpacking(*, skips: bool = False) -> Unpacker:
    return Unpacker(Quarantine(lambda _: None, skips=skips), BOUND)


def read(
    unpacker: Unpacker, data: bytes, at: int = 0, aborted: list[tuple[int, int]] | None = None
) -> tuple[list[Any], int]:
    """What the library takes from fetched data, and where it goes on."""
    reader = PartitionReader(
        HERE, _asked_for(unpacker, data), aborted, at, None, None, True, READ_COMMITTED
    )
    records: list[Record] = []
    while not reader.is_at_end:
        records += reader.take(3)
    return records, reader.next_fetch_offset


def _asked_for(unpacker: Unpacker, data: bytes) -> Any:
    records = unpacker.unpack(data)
    assert records.has_next()
    return records


def parts(records: list[Any]) -> list[tuple[Any, ...]]:
    return [(r.offset, r.timestamp, r.key, r.value, r.headers) for r in records]


@pytest.mark.parametrize("is_careful", [False, True])
@pytest.mark.parametrize("codec", CODECS)
def test_reads_what_the_library_reads(codec: str, is_careful: bool) -> None:
    data = batch(VALUES, codec, 5, [("h", b"1"), ("ü", None)]) + batch(VALUES, codec, 9)
    unpacker = unpacking()
    unpacker.is_careful = is_careful
    native = PartitionRecords(HERE, MemoryRecords(data), None, 6, None, None, True, 1)
    records, following = read(unpacker, data, 6)
    assert parts(records) == parts(list(native))
    assert following == native.next_fetch_offset == 13


@pytest.mark.parametrize("codec", CODECS)
def test_good_batches_are_read_many_records_at_once(codec: str) -> None:
    data = batch(VALUES, codec, 5) + batch(VALUES, codec, 9, [("h", b"1")])
    arguments = (None, 6, None, None, True, READ_COMMITTED)
    reader = PartitionReader(HERE, _asked_for(unpacking(), data), *arguments)
    assert [len(reader.take(2)) for _ in range(4)] == [2, 2, 2, 1]
    assert reader.is_at_end
    assert not reader.is_one_by_one


def test_fetched_bytes_are_freed_with_their_reader() -> None:
    """Its last reference frees it: with few objects a batch, the garbage collector runs rarely."""
    gc.disable()
    try:
        reader = PartitionReader(
            HERE, _asked_for(unpacking(), batch(VALUES)), None, 0, None, None, True, READ_COMMITTED
        )
        assert len(reader.take(10)) == len(VALUES)
        is_alive = weakref.ref(reader)
        del reader
        assert is_alive() is None
    finally:
        gc.enable()


def test_hands_out_records_of_its_own() -> None:
    records, _ = read(unpacking(), batch(VALUES, "none", 5))
    assert {type(record) for record in records} == {Record}
    assert [(r.topic, r.partition) for r in records] == [HERE] * 4


def test_what_is_not_compressed_is_left_to_the_library() -> None:
    records = unpacking().unpack(batch(VALUES))
    assert isinstance(records.next_batch(), DefaultRecordBatch)


@pytest.mark.parametrize("codec", CODECS)
def test_a_part_of_a_batch_at_the_end_is_fetched_again(codec: str) -> None:
    unpacker = unpacking()
    records, following = read(unpacker, batch(VALUES, codec) + batch(VALUES, codec, 4)[:-1])
    assert ([record.offset for record in records], following) == ([0, 1, 2, 3], 4)
    assert not unpacker.quarantine.held


@pytest.mark.parametrize("codec", [name for name in CODECS if name != "none"])
def test_a_batch_beyond_the_bound_is_stood_for(codec: str) -> None:
    bomb = batch([b"x", *BOMB, b"y"], codec, 7)
    records, following = read(unpacking(), batch(VALUES, codec) + bomb + batch([b"z"], codec, 10))
    stand = records[4]
    assert (stand.offset, stand.key, stand.value) == (9, None, bomb)
    assert stand.headers == (("fleetgauge.batch", b"7"),)
    assert isinstance(stand.value, UnreadableBatch)
    assert ([r.offset for r in records], following) == ([0, 1, 2, 3, 9, 10], 11)


def test_a_batch_just_within_the_bound_is_read() -> None:
    value = b"\0" * (BOUND - 13)
    records, _ = read(unpacking(), batch([value], "zstd"))
    assert records[0].value == value


def test_reading_ends_when_the_bound_is_reached_and_goes_on_later() -> None:
    data = [batch([b"\0" * 600], "zstd", first) for first in range(6)]
    unpacker = unpacking()
    seen = []
    at = 0
    while at < 6:
        unpacker.begin()
        records, at = read(unpacker, b"".join(data[at:]), at)
        seen.append([record.offset for record in records])
    assert seen == [[0, 1], [2, 3], [4, 5]]


def test_another_partition_waits_for_the_next_time_too() -> None:
    unpacker = unpacking()
    read(unpacker, batch([b"\0" * 900], "zstd") + batch([b"\0" * 900], "zstd", 1))
    assert read(unpacker, batch(VALUES, "zstd", 50), 50) == ([], 50)
    unpacker.begin()
    assert read(unpacker, batch(VALUES, "zstd", 50), 50)[1] == 54


@pytest.mark.parametrize("codec", ["none", "zstd"])
def test_a_name_that_is_no_utf8_has_the_rest_read_with_care(codec: str) -> None:
    strange = with_other_name(
        batch([b"v"], headers=[("né", b"1"), ("é", None)]), "é".encode(), b"\xe9\xff"
    )
    data = batch([b"first"], codec) + _shifted(strange)
    unpacker = unpacking()
    records, following = read(unpacker, data)
    assert [record.value for record in records] == [b"first"]
    assert (following, unpacker.is_careful) == (1, True)
    records, following = read(unpacker, data, 1)
    assert not unpacker.quarantine.held
    assert [record.value for record in records] == [b"v"]
    assert records[0].headers == (("n??", b"1"), ("??", None))
    assert following == 2


def _shifted(raw: bytes) -> bytes:
    """The batch one offset later, which its checksum leaves out."""
    return (1).to_bytes(8) + raw[8:]


KINDS = ["plain", "gzip", "of 1", "of 2", "abort 1", "commit 1", "abort 2"]
IS_TRANSACTIONAL, IS_CONTROL = 0x10, 0x20


def made(kind: str, first: int) -> bytes:
    """A batch at this offset: three records, some in a transaction, or a control record."""
    if kind in ("plain", "gzip"):
        return batch(VALUES[:3], "none" if kind == "plain" else kind, first)
    name, producer = kind.split()
    attributes = IS_TRANSACTIONAL if name == "of" else IS_TRANSACTIONAL | IS_CONTROL
    builder: Any = DefaultRecordBatchBuilder(2, 0, 1, int(producer), 0, 0, 2**31 - 1)
    key = struct.pack(">hh", 0, 1 if name == "commit" else 0)
    for offset in range(3 if name == "of" else 1):
        builder.append(offset, 1_000, b"k" if name == "of" else key, b"v", [])
    raw = bytearray(builder.build())
    struct.pack_into(">q", raw, 0, first)
    return changed(bytes(raw), ATTRIBUTES_AT, struct.pack(">h", attributes))


@given(
    st.lists(st.sampled_from(KINDS), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(1, 2), st.integers(0, 20)), max_size=3),
    st.integers(0, 2),
    st.integers(1, 5),
)
def test_transactions_are_read_as_the_library_reads_them(
    kinds: list[str], aborted: list[tuple[int, int]], at: int, most: int
) -> None:
    data, first, ends = b"", 0, []
    for kind in kinds:
        data += made(kind, first)
        first += 3 if kind in ("plain", "gzip") or kind.startswith("of") else 1
        ends.append(first)
    # A broker sends from the batch on that has the offset.
    arguments = (aborted, min(at, ends[0] - 1), None, None, True, READ_COMMITTED)
    native = PartitionRecords(HERE, MemoryRecords(data), *arguments)
    ours = PartitionReader(HERE, _asked_for(unpacking(), data), *arguments)
    records: list[Record] = []
    while not ours.is_at_end:
        records += ours.take(most)
    assert parts(records) == parts(list(native))
    assert ours.next_fetch_offset == native.next_fetch_offset


FLAT: Final = b'{"type":"sample"}'
SORTS: Final[dict[str, tuple[bytes, str, Any]]] = {
    "flat": (FLAT, "none", ()),
    "inflated": (FLAT, "zstd", ()),
    "nested": (b'{"a":{}}', "none", ()),
    "with headers": (FLAT, "none", [("h", b"1")]),
}


@given(
    st.lists(st.tuples(st.sampled_from(list(SORTS)), st.integers(1, 150)), min_size=1, max_size=8),
    st.integers(0, 149),
    st.integers(1, 400),
    st.none() | st.integers(0, 7),
)
def test_many_records_of_all_sorts(
    sorts: list[tuple[str, int]], at: int, most: int, damaged: int | None
) -> None:
    """As the library reads them, up to a batch with another checksum if there is one."""
    batches, first = [], 0
    for sort, count in sorts:
        value, codec, headers = SORTS[sort]
        batches.append(batch([value] * count, codec, first, headers))
        first += count
    expected = b"".join(batches[:damaged])
    if damaged is not None and damaged < len(batches):
        batches[damaged] = batches[damaged][:-1] + bytes([batches[damaged][-1] ^ 1])
    arguments = (None, min(at, sorts[0][1] - 1), None, None, True, READ_COMMITTED)
    native = PartitionRecords(HERE, MemoryRecords(expected), *arguments)
    unpacker = Unpacker(Quarantine(lambda _: None, skips=False))
    ours = PartitionReader(HERE, _asked_for(unpacker, b"".join(batches)), *arguments)
    records: list[Record] = []
    while not ours.is_at_end:
        taken = ours.take(most)
        assert len(taken) == most or ours.is_at_end
        records += taken
    assert parts(records) == parts(list(native))
    assert ours.next_fetch_offset == native.next_fetch_offset

"""A batch that cannot be read holds its own partition, and is passed over alone."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.kafka.recordbatch import ATTRIBUTES_AT, COUNT_AT, LENGTH_AT, MAGIC_AT, RECORDS_AT
from ingest.kafka.unpack import Unpacker
from ingest.reading.quarantine import Quarantine
from ingest.reading.unreadable import SkippedBatch
from tests.unit.ingest.batches import CODECS, batch, changed
from tests.unit.ingest.kafka.test_unpack import HERE, made, read

VALUES: Final = [b"a" * 30, b"b" * 30, b"c" * 30]
Damaged = Callable[[bytes], bytes]


def rotten(at: int) -> Damaged:
    """A flipped bit, as a disk would."""

    def rot(raw: bytes) -> bytes:
        flipped = bytearray(raw)
        flipped[at] ^= 0x40
        return bytes(flipped)

    return rot


def wrong(at: int, value: bytes) -> Damaged:
    """Other bytes under a checksum that is right: no disk did it."""
    return lambda raw: changed(raw, at, value)


CHECKED = {f"bit in byte {at}": rotten(at) for at in [17, 18, *range(ATTRIBUTES_AT, 70), -1]}
WITH_AN_END: dict[str, Damaged] = {
    **CHECKED,
    "format of the future": rotten(MAGIC_AT),
    "format of the past": lambda raw: raw[:MAGIC_AT] + b"\1" + raw[MAGIC_AT + 1 :],
    "unknown compression": wrong(ATTRIBUTES_AT, b"\0\7"),
    "not compressed at all": wrong(ATTRIBUTES_AT, b"\0\1"),
    "too few records": wrong(COUNT_AT, b"\0\0\0\1"),
    "a record without an end": wrong(RECORDS_AT, b"\xff" * 12),
}


def long(length: int) -> Damaged:
    """A batch that says that it is so long."""
    return lambda raw: raw[:LENGTH_AT] + length.to_bytes(4, signed=True) + raw[LENGTH_AT + 4 :]


LENGTHS: Final = [2**31 - 1, 0, -12, -(2**31)]


def unpacker(*, skips: bool) -> tuple[Unpacker, list[Any]]:
    paused: list[Any] = []
    return Unpacker(Quarantine(paused.append, skips=skips), 10_000), paused


def offsets(records: list[Any]) -> list[int]:
    return [record.offset for record in records]


def three(damage: Damaged, codec: str = "none") -> bytes:
    damaged = damage(batch(VALUES, codec, 3))
    return batch(VALUES, codec) + damaged + batch(VALUES, codec, 6)


@pytest.mark.parametrize("kind", WITH_AN_END)
def test_reading_ends_before_it(kind: str) -> None:
    reading, paused = unpacker(skips=False)
    data = three(WITH_AN_END[kind])
    for _ in range(3):
        records, following = read(reading, data)
        # What is right in front of the damage was read, if it has the checksum of its batch.
        assert offsets(records) in ([0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 3, 4, 5])
        assert following == records[-1].offset + 1
    assert paused == [HERE] * 3
    assert set(reading.quarantine.held) == {HERE}


@pytest.mark.parametrize("kind", WITH_AN_END)
def test_what_cannot_be_read_twice_is_passed_over_alone(kind: str) -> None:
    reading, paused = unpacker(skips=True)
    data = three(WITH_AN_END[kind])
    before, at = read(reading, data)
    records, following = read(reading, data, at)
    assert offsets(records)[-4:] == [5, 6, 7, 8]
    assert (following, len(paused)) == (9, 1)
    stand = records[-4]
    assert isinstance(stand.value, SkippedBatch)
    assert stand.value == WITH_AN_END[kind](batch(VALUES, "none", 3))
    assert stand.value.reason == "malformed"
    assert f"offsets {before[-1].offset + 1} to 5 cannot be read" in stand.value.detail


@pytest.mark.parametrize("length", LENGTHS)
def test_a_length_that_cannot_be(length: int) -> None:
    reading, paused = unpacker(skips=True)
    assert offsets(read(reading, three(long(length)))[0]) == [0, 1, 2]
    # From there the broker sends it first.
    data = long(length)(batch(VALUES, "none", 3)) + batch(VALUES, "none", 6)
    while HERE not in paused:
        read(reading, data, 3)
    records, following = read(reading, data, 3)
    assert (offsets(records), following) == ([5], 6)


def test_what_has_no_end_is_never_passed_over() -> None:
    reading, paused = unpacker(skips=True)
    for _ in range(3):
        records, following = read(reading, three(long(20)))
        assert (offsets(records), following) == ([0, 1, 2], 3)
    assert len(paused) == 3


def test_a_wrong_count_behind_the_last_record_loses_nothing() -> None:
    reading, paused = unpacker(skips=False)
    records, _ = read(reading, three(wrong(COUNT_AT, b"\0\0\1\0")))
    assert offsets(records) == list(range(9))
    assert not paused


@pytest.mark.parametrize("codec", CODECS)
def test_the_last_batch_that_there_is(codec: str) -> None:
    reading, _ = unpacker(skips=True)
    data = batch(VALUES, codec) + rotten(-1)(batch(VALUES, codec, 3))
    read(reading, data)
    records, following = read(reading, data, 3)
    assert (offsets(records), following) == ([5], 6)


def test_with_nothing_behind_it_its_own_header_has_to_agree() -> None:
    reading, _ = unpacker(skips=True)
    # The offset of its last record, which says where it ends, is what rotted.
    data = rotten(26)(batch(VALUES, "none", 3))
    for _ in range(3):
        assert read(reading, data, 3) == ([], 3)
    records, following = read(reading, data + batch(VALUES, "none", 6), 3)
    assert read(reading, data + batch(VALUES, "none", 6), following)[1] == 9
    assert records == []


def test_two_in_a_row_are_two() -> None:
    reading, _ = unpacker(skips=True)
    data = three(rotten(-1)) + rotten(-1)(batch(VALUES, "none", 9)) + batch(VALUES, "none", 12)
    size = len(batch(VALUES))
    seen, at = [], 0
    for _ in range(3):
        # As the broker sends it: from the batch that has the offset.
        records, at = read(reading, data[at // 3 * size :], at)
        seen += offsets(records)
    assert seen == [0, 1, 2, 5, 6, 7, 8, 11, 12, 13, 14]


def test_damage_that_goes_away_is_not_passed_over() -> None:
    reading, _ = unpacker(skips=True)
    read(reading, three(rotten(-1)))
    records, _ = read(reading, three(bytes), 3)
    assert offsets(records) == [3, 4, 5, 6, 7, 8]


def test_what_was_passed_over_before_is_passed_again_without_a_word() -> None:
    reading, paused = unpacker(skips=False)
    reading.quarantine.start({HERE: 6})
    records, following = read(reading, three(rotten(-1)))
    assert (offsets(records), following) == ([0, 1, 2, 6, 7, 8], 9)
    assert not paused


def test_damage_is_the_matter_of_one_partition() -> None:
    reading, _ = unpacker(skips=False)
    read(reading, three(rotten(-1)))
    assert set(reading.quarantine.held) == {HERE}
    reading.quarantine.read(HERE, 2)
    assert set(reading.quarantine.held) == {HERE}
    reading.quarantine.read(HERE, 3)
    assert not reading.quarantine.held


FLIPS = st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=6)


@given(FLIPS, st.sampled_from(sorted(CODECS)), st.booleans(), st.integers(0, 10_000))
def test_no_bytes_raise(
    flips: list[tuple[int, int]], codec: str, is_careful: bool, cut: int
) -> None:
    reading, _ = unpacker(skips=True)
    reading.is_careful = is_careful
    data = bytearray(three(bytes, codec))
    for at, flip in flips:
        data[at % len(data)] ^= flip
    at = 0
    for _ in range(3):
        reading.begin()
        _, at = read(reading, bytes(data[: len(data) - cut % len(data)]), at)


def test_so_many_that_were_passed_over_are_read_over_at_once() -> None:
    reading, paused = unpacker(skips=False)
    count = 2_000
    damaged = [rotten(-1)(batch(VALUES, "none", 3 * number)) for number in range(count)]
    reading.quarantine.start({HERE: 3 * count})
    records, following = read(reading, b"".join(damaged) + batch(VALUES, "none", 3 * count))
    assert offsets(records) == [3 * count, 3 * count + 1, 3 * count + 2]
    assert following == 3 * count + 3
    assert not paused


def test_a_transaction_behind_a_damaged_end_of_an_aborted_one_is_read() -> None:
    reading, _ = unpacker(skips=True)
    end = bytearray(made("abort 1", 3))
    end[-1] ^= 1
    data = made("of 1", 0) + bytes(end) + made("of 1", 4) + made("commit 1", 7)
    aborted = [(1, 0)]
    for _ in range(2):
        records, following = read(reading, data, aborted=aborted)
    assert (offsets(records), following) == ([3], 4)
    # From there the broker reports no transaction that was aborted.
    records, following = read(reading, data[len(made("of 1", 0)) + len(end) :], 4)
    assert (offsets(records), following) == ([4, 5, 6], 8)

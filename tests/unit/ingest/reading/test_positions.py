"""Where reading goes on, and what shows that the log is another."""

import pytest
from aiokafka import TopicPartition

from ingest.reading.positions import Bounds, GapError, Positions, find_gap
from ingest.record import Record
from ingest.writing.offsets import Claim, LastRecord
from tests.unit.ingest.records import TOPIC, record

PARTITION = TopicPartition(TOPIC, 0)
OTHER = TopicPartition(TOPIC, 1)
BOUNDS: dict[TopicPartition, Bounds] = {PARTITION: (0, 9), OTHER: (0, 9)}


def claim(at: int, *last: Record, cluster: str = "here") -> Claim:
    """A claim at an offset; `last` is the record before it, where it is known."""
    return Claim(1, at, cluster, LastRecord.of(last[0]) if last else None, None, "server")


def log(first: int, last: int) -> list[Record]:
    """Records of these offsets, each with a distinct value."""
    return [record(str(offset).encode(), offset=offset) for offset in range(first, last + 1)]


GAPS = [
    ("empty log, never stored", claim(0), (0, 0), None),
    ("within", claim(5), (0, 10), None),
    ("at the end", claim(10), (0, 10), None),
    ("at the start", claim(3), (3, 10), None),
    ("below the start", claim(5), (8, 10),
     "stored offset 5 is below the log's start 8: 3 records were deleted before they were stored"),
    ("past the end", claim(11), (0, 10),
     "stored offset 11 is past the log's end 10: the topic was recreated or truncated"),
    ("another cluster", claim(5, cluster="there"), (0, 10),
     "stored offset 5 belongs to cluster there, this is here"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("held", "bounds", "what"), [c[1:] for c in GAPS], ids=[c[0] for c in GAPS]
)
def test_gaps(held: Claim, bounds: Bounds, what: str | None) -> None:
    gap = find_gap(PARTITION, held, bounds, "here")
    if what is None:
        assert gap is None
    else:
        assert gap is not None
        assert str(gap).startswith(f"fleet.samples/0: {what}. To continue at the log's start")
        assert gap.partition == PARTITION


STARTS = [
    ("never stored", claim(0), (0, 10), 0),
    ("one early, to know the record again", claim(5, log(4, 4)[0]), (0, 10), 4),
    ("that record is deleted", claim(5, log(4, 4)[0]), (5, 10), 5),
    ("one before marks", claim(8, log(4, 4)[0]), (4, 10), 4),
    ("one before marks, deleted", claim(8, log(4, 4)[0]), (5, 10), 8),
    ("repositioned", claim(5), (0, 10), 5),
]


@pytest.mark.parametrize(
    ("held", "bounds", "start"), [c[1:] for c in STARTS], ids=[c[0] for c in STARTS]
)
def test_where_reading_begins(held: Claim, bounds: Bounds, start: int) -> None:
    assert Positions({PARTITION: held}, {PARTITION: bounds}).starts() == {PARTITION: start}


def test_the_known_record_is_taken_off_once() -> None:
    records = log(4, 7)
    positions = Positions({PARTITION: claim(5, records[0])}, {PARTITION: (0, 8)})
    assert positions.accept(PARTITION, records[:2]) == records[1:2]
    assert positions.next == {PARTITION: 6}
    assert positions.accept(PARTITION, records[2:]) == records[2:]
    assert positions.next == {PARTITION: 8}


def test_the_known_record_alone_is_nothing_new() -> None:
    (known,) = log(4, 4)
    positions = Positions({PARTITION: claim(5, known)}, {PARTITION: (0, 5)})
    assert positions.accept(PARTITION, [known]) == []
    assert positions.next == {PARTITION: 5}


def test_the_first_fetch_of_a_partition_never_stored_is_all_new() -> None:
    positions = Positions({PARTITION: claim(0)}, {PARTITION: (0, 3)})
    assert positions.accept(PARTITION, log(0, 2)) == log(0, 2)


def test_offsets_may_be_missing() -> None:
    positions = Positions({PARTITION: claim(0)}, {PARTITION: (0, 9)})
    positions.accept(PARTITION, [*log(0, 1), *log(7, 8)])
    assert positions.next == {PARTITION: 9}


def test_marks_behind_the_last_record_are_passed_over() -> None:
    positions = Positions({PARTITION: claim(0), OTHER: claim(0)}, BOUNDS)
    positions.accept(PARTITION, log(0, 2))
    assert positions.pass_over({PARTITION: 5, OTHER: 0}) == {PARTITION: (3, 5)}
    assert positions.next == {PARTITION: 5, OTHER: 0}
    assert positions.pass_over({PARTITION: 5, OTHER: 0}) == {}
    assert positions.accept(PARTITION, log(5, 5)) == log(5, 5)


def test_the_known_record_may_have_marks_behind_it() -> None:
    (known,) = log(4, 4)
    positions = Positions({PARTITION: claim(7, known)}, BOUNDS)
    assert positions.starts() == {PARTITION: 4}
    # Not before it is known again: else a recreated log would pass.
    assert positions.pass_over({PARTITION: 9}) == {}
    assert positions.accept(PARTITION, [known]) == []
    assert positions.pass_over({PARTITION: 5}) == {}
    assert positions.pass_over({PARTITION: 9}) == {PARTITION: (7, 9)}


STRANGE = [
    ("other value", record(b"other", offset=4)),
    ("other offset", record(b"4", offset=5)),
]


@pytest.mark.parametrize("found", [r for _, r in STRANGE], ids=[name for name, _ in STRANGE])
def test_a_strange_record_is_a_gap(found: Record) -> None:
    positions = Positions({PARTITION: claim(5, log(4, 4)[0])}, {PARTITION: (0, 9)})
    with pytest.raises(GapError, match="stored at 4: the topic was recreated or truncated"):
        positions.accept(PARTITION, [found])


def test_partitions_do_not_mix() -> None:
    known = log(4, 4)[0]
    claims = {PARTITION: claim(5, known), OTHER: claim(0)}
    positions = Positions(claims, {PARTITION: (0, 9), OTHER: (0, 9)})
    assert positions.starts() == {PARTITION: 4, OTHER: 0}
    assert positions.accept(OTHER, log(0, 0)) == log(0, 0)
    assert positions.accept(PARTITION, [known]) == []


def test_an_assigned_partition_that_is_not_claimed_is_passed_by() -> None:
    positions = Positions({PARTITION: claim(5)}, BOUNDS)
    assert positions.pass_over({PARTITION: 7, OTHER: 0}) == {PARTITION: (5, 7)}


@pytest.mark.parametrize(
    ("arrived", "new"),
    [
        # The whole batch was stored: the next record is a new one.
        (log(5, 6), [5, 6]),
        # A part of it was: what stands for the batch is new, and is at its last offset.
        (log(7, 8), [7, 8]),
        (log(4, 6), [5, 6]),
    ],
)
def test_a_record_that_was_damaged_is_not_met_again(arrived: list[Record], new: list[int]) -> None:
    positions = Positions({PARTITION: claim(5, log(3, 3)[0])}, BOUNDS)
    accepted = positions.accept(PARTITION, arrived, damaged_to=4)
    assert [one.offset for one in accepted] == new
    assert positions.next[PARTITION] == new[-1] + 1

"""Up to when samples may be aggregated, by what is in the log and what is stored of it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import TopicPartition

from ingest.admin.frontier import DISORDER, PATIENCE, Backlog, Frontier, find_backlogs
from ingest.reading.storedprogress import StoredPosition
from schemas.settings import KafkaSettings

NOW = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
KAFKA = KafkaSettings(kafka_bootstrap="b:9092")
HERE, THERE = TopicPartition("s", 0), TopicPartition("s", 1)


def stored(next_offset: int, age: timedelta | None) -> StoredPosition:
    """A partition that is stored up to an offset, and how long ago its last record came."""
    return StoredPosition(next_offset, "cluster", None if age is None else NOW - age)


# The log's first offset and end, what is stored of it, and how far before NOW the frontier is.
ALONE: list[tuple[tuple[int, int], StoredPosition | None, timedelta | None]] = [
    # At its end it counts as the moment asked, however old its last record.
    ((0, 9), stored(9, 5 * MINUTE), timedelta()),
    ((0, 9), stored(9, None), timedelta()),
    # Behind, as its last stored record.
    ((0, 9), stored(8, 5 * MINUTE), 5 * MINUTE),
    # Without a record that was ever stored the age of the first one is unknown.
    ((0, 9), None, None),
    ((0, 9), stored(0, None), None),
    # Empty, or emptied by retention.
    ((0, 0), None, timedelta()),
    ((7, 7), None, timedelta()),
    ((7, 7), stored(7, None), timedelta()),
    # A broker whose clock is ahead of ours.
    ((0, 9), stored(8, -MINUTE), timedelta()),
]


@pytest.mark.parametrize(("bounds", "held", "age"), ALONE)
def test_one_partition(
    bounds: tuple[int, int], held: StoredPosition | None, age: timedelta | None
) -> None:
    found = Frontier(KAFKA).of({HERE: bounds}, {HERE: held} if held else {}, NOW)
    assert found == (None if age is None else NOW - age - 15 * SECOND)
    assert 15 * SECOND == DISORDER


def test_the_one_furthest_behind_decides() -> None:
    bounds = {HERE: (0, 9), THERE: (0, 9)}
    held = {HERE: stored(8, 2 * MINUTE), THERE: stored(3, 3 * MINUTE)}
    assert Frontier(KAFKA).of(bounds, held, NOW) == NOW - 3 * MINUTE - DISORDER


def test_one_that_nobody_stored_holds_up_all() -> None:
    bounds = {HERE: (0, 9), THERE: (0, 9)}
    assert Frontier(KAFKA).of(bounds, {HERE: stored(9, MINUTE)}, NOW) is None


def test_without_partitions_there_is_nothing_to_wait_for() -> None:
    assert Frontier(KAFKA).of({}, {}, NOW) == NOW - DISORDER


class Log:
    """Two partitions of 99 records, looked at by one frontier; THERE has stored none lately."""

    def __init__(self) -> None:
        self.frontier = Frontier(KAFKA)
        self.there = stored(5, 3 * MINUTE)

    def look(self, after: timedelta, here: int) -> datetime | None:
        """The frontier some time after NOW, with HERE stored up to an offset a minute ago."""
        held: Mapping[TopicPartition, StoredPosition] = {
            HERE: StoredPosition(here, "cluster", NOW + after - MINUTE),
            THERE: self.there,
        }
        return self.frontier.of({HERE: (0, 99), THERE: (0, 99)}, held, NOW + after)


HELD_BACK = NOW - 3 * MINUTE - DISORDER


def test_one_that_stands_still_is_waited_for_ten_minutes() -> None:
    log = Log()
    assert timedelta(minutes=10) == PATIENCE
    assert log.look(timedelta(), 10) == HELD_BACK
    assert log.look(PATIENCE, 11) == HELD_BACK
    late = PATIENCE + SECOND
    assert log.look(late, 12) == NOW + late - MINUTE - DISORDER
    # As soon as it makes progress it is waited for again.
    log.there = stored(6, 2 * MINUTE)
    assert log.look(late + SECOND, 13) == NOW - 2 * MINUTE - DISORDER


def test_where_nothing_is_stored_at_all_a_backlog_is_waited_for() -> None:
    log = Log()
    for minutes in (0, 9, 11, 600):
        assert log.look(minutes * MINUTE, 10) == HELD_BACK


def test_one_that_was_idle_is_waited_for_from_its_first_new_record_on() -> None:
    frontier = Frontier(KAFKA)
    held = {HERE: stored(5, timedelta(hours=2)), THERE: stored(10, timedelta())}
    ends = {HERE: (0, 5), THERE: (0, 10)}
    assert frontier.of(ends, held, NOW) == NOW - DISORDER
    hour, ends = NOW + timedelta(hours=1), {HERE: (0, 6), THERE: (0, 11)}
    held[THERE] = StoredPosition(11, "cluster", hour)
    assert frontier.of(ends, held, hour) == NOW - timedelta(hours=2) - DISORDER


def test_backlogs_are_reported_furthest_behind_first() -> None:
    bounds = {HERE: (0, 9), THERE: (0, 9), TopicPartition("s", 2): (4, 9)}
    found = find_backlogs(bounds, {HERE: stored(8, MINUTE), THERE: stored(7, 2 * MINUTE)})
    assert [str(one) for one in found] == [
        "s/2 has records, and none of them is stored yet",
        "s/1 is stored up to 2026-03-10T14:33:00Z",
        "s/0 is stored up to 2026-03-10T14:34:00Z",
    ]
    assert found[0] == Backlog(TopicPartition("s", 2), 4, None)

"""How far behind each partition is, by a clock that stands still."""

from collections.abc import Collection, Iterable
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from prometheus_client import REGISTRY

from ingest.batch import Span
from ingest.fetch import Fetcher
from ingest.progress import TELL_EVERY_S, Progress
from tests.unit.ingest.records import NOON, record

HERE = TopicPartition("progress", 0)
THERE = TopicPartition("progress", 1)
NOW_S = NOON.timestamp() + 60


class Log:
    """Stands for the fetcher."""

    unreadable: Collection[TopicPartition] = ()

    def __init__(self, **ends: int | None) -> None:
        self._ends = ends
        self.told: list[dict[TopicPartition, int]] = []
        self.answers = True

    async def log_ends(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        ends = {partition: self._ends.get(f"p{partition.partition}") for partition in partitions}
        return {partition: end for partition, end in ends.items() if end is not None}

    async def tell_group(self, positions: dict[TopicPartition, int]) -> bool:
        self.told.append(dict(positions))
        return self.answers


async def tell(progress: Progress, log: Log) -> None:
    await progress.tell(cast(Fetcher, log))


def nothing() -> None:
    return None


def lag(partition: TopicPartition = HERE) -> tuple[float | None, float | None]:
    """Records and seconds behind; None where it is not told."""
    labels: dict[str, Any] = {"topic": partition.topic, "partition": str(partition.partition)}
    return (
        REGISTRY.get_sample_value("fleetgauge_lag_records", labels),
        REGISTRY.get_sample_value("fleetgauge_lag_seconds", labels),
    )


def stored_to(next_offset: int) -> dict[TopicPartition, Span]:
    return {HERE: Span(0, next_offset, record(b"v", offset=next_offset - 1, at=NOON))}


LAGS = [
    ("a broker that does not answer", 5, None, (None, None)),
    ("behind", 5, 9, (4, 60)),
    ("all stored", 5, 5, (0, 0)),
    ("ahead of what the broker told", 5, 3, (0, 0)),
]


@pytest.mark.parametrize(
    ("stored", "end", "expected"), [c[1:] for c in LAGS], ids=[c[0] for c in LAGS]
)
async def test_lag(stored: int, end: int | None, expected: tuple[float, float]) -> None:
    progress = Progress(nothing, lambda: NOW_S)
    progress.start({HERE: 0})
    progress.move(stored_to(stored))
    await tell(progress, Log(p0=end))
    assert lag() == expected


async def test_before_the_first_batch_there_is_no_age() -> None:
    progress = Progress(nothing, lambda: NOW_S)
    progress.start({HERE: 2})
    await tell(progress, Log(p0=9))
    assert lag() == (7, 0)


async def test_a_broker_clock_ahead_of_ours_is_no_negative_age() -> None:
    progress = Progress(nothing, lambda: NOON.timestamp() - 10)
    progress.start({HERE: 0})
    progress.move(stored_to(5))
    await tell(progress, Log(p0=9))
    assert lag() == (4, 0)


async def test_the_group_is_told_every_few_seconds_at_most() -> None:
    progress, log = Progress(nothing, lambda: NOW_S), Log(p0=9)
    progress.start({HERE: 0})
    for _ in range(10):
        await tell(progress, log)
    assert log.told == [{HERE: 0}]
    assert TELL_EVERY_S > 1


async def test_partitions_that_are_gone_are_told_no_more() -> None:
    progress = Progress(nothing, lambda: NOW_S)
    progress.start({HERE: 0, THERE: 0})
    await tell(progress, Log(p0=9, p1=9))
    assert lag(THERE) == (9, 0)
    progress.start({HERE: 0})
    assert lag(THERE) == (None, None)
    assert REGISTRY.get_sample_value("fleetgauge_assigned_partitions") == 1


REASSURES = [
    ("all stored", {"p0": 5}, True, True),
    ("something waits", {"p0": 6}, True, False),
    ("the log does not answer", {"p0": None}, True, False),
    ("the group does not answer", {"p0": 5}, False, False),
]


@pytest.mark.parametrize(
    ("ends", "answers", "is_reassured"), [c[1:] for c in REASSURES], ids=[c[0] for c in REASSURES]
)
async def test_nothing_to_do_is_known_from_the_broker(
    ends: dict[str, int | None], answers: bool, is_reassured: bool
) -> None:
    reassured: list[bool] = []
    progress = Progress(lambda: reassured.append(True), lambda: NOW_S)
    progress.start({HERE: 5})
    reassured.clear()
    log = Log(**ends)
    log.answers = answers
    await tell(progress, log)
    assert bool(reassured) is is_reassured


async def test_what_cannot_be_read_is_no_standstill() -> None:
    reassured: list[bool] = []
    progress = Progress(lambda: reassured.append(True), lambda: NOW_S)
    progress.start({HERE: 5, THERE: 5})
    reassured.clear()
    log = Log(p0=9, p1=5)
    log.unreadable = {HERE}
    await tell(progress, log)
    assert reassured


async def test_getting_on_reassures_and_so_does_having_no_partition() -> None:
    reassured: list[str] = []
    progress = Progress(lambda: reassured.append("!"), lambda: NOW_S)
    progress.start({HERE: 0})
    progress.move(stored_to(5))
    progress.start({})
    await tell(progress, Log())
    assert reassured == ["!"] * 4

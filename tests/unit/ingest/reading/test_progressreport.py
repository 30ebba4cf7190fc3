"""How far behind each partition is, by a clock that stands still."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from prometheus_client import REGISTRY

from ingest import metrics
from ingest.batch import OffsetSpan
from ingest.interfaces import RecordSource
from ingest.kafka.logends import LogEnd
from ingest.reading.progressreport import ProgressReport
from ingest.reading.unreadable import SkippedBatch
from ingest.record import Record
from ingest.writing.offsets import Claim, LastRecord
from tests.unit.ingest.bench import eventually
from tests.unit.ingest.records import NOON, record

HERE = TopicPartition("progress", 0)
THERE = TopicPartition("progress", 1)
NOON_S = NOON.timestamp()


class Clock:
    """Seconds since 1970; stands still."""

    now = NOON_S + 60

    def __call__(self) -> float:
        return self.now


class Log:
    """Stands for the fetcher: the log's ends by partition, p0 and p1; None where it is silent."""

    unreadable: Collection[TopicPartition] = ()

    def __init__(self, **ends: int | tuple[int, int] | None) -> None:
        self.ends = ends
        self.commits: list[dict[TopicPartition, int]] = []
        self.answers = True
        self.known_to_group: dict[TopicPartition, int] = {}

    async def log_ends(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, LogEnd]:
        ends = {partition: self.ends.get(f"p{partition.partition}") for partition in partitions}
        return {
            partition: LogEnd(*(end if isinstance(end, tuple) else (end, end)))
            for partition, end in ends.items()
            if end is not None
        }

    async def committed_offsets(
        self, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, int]:
        return {p: self.known_to_group[p] for p in partitions if p in self.known_to_group}

    async def commit_to_group(self, positions: dict[TopicPartition, int]) -> bool:
        self.commits.append(dict(positions))
        return self.answers


@pytest.fixture(autouse=True)
def _no_series_left() -> Iterator[None]:
    yield
    for gauge in (metrics.LAG_RECORDS, metrics.LAG_SECONDS, metrics.OPEN_TRANSACTION_SECONDS):
        gauge.clear()


def by(clock: Clock, reassure: Callable[[], None] = lambda: None) -> ProgressReport:
    """Progress by this clock."""
    return ProgressReport(reassure, clock)


async def report(progress: ProgressReport, log: Log) -> None:
    await progress.report(cast(RecordSource, log))


def series(name: str, partition: TopicPartition) -> float | None:
    labels: dict[str, Any] = {"topic": partition.topic, "partition": str(partition.partition)}
    return REGISTRY.get_sample_value(f"fleetgauge_{name}", labels)


def lag(partition: TopicPartition = HERE) -> tuple[float | None, float | None]:
    """Records and seconds behind; None if not reported."""
    return series("lag_records", partition), series("lag_seconds", partition)


def stored_to(next_offset: int) -> dict[TopicPartition, OffsetSpan]:
    return {HERE: OffsetSpan(0, next_offset, record(b"v", offset=next_offset - 1, at=NOON))}


def claimed(next_offset: int, age_s: float | None = None) -> Claim:
    """Stored up to here; the last record was stamped so many seconds before noon."""
    last = None if age_s is None else LastRecord(next_offset - 1, round((NOON_S - age_s) * 1e3), 0)
    return Claim(1, next_offset, "cluster", last, None, "server")


def stamped(at_s: float, value: bytes = b"v") -> Record:
    return record(value, at=datetime.fromtimestamp(at_s, UTC))


LAGS = [
    ("a broker that does not answer", 5, None, (None, None)),
    ("behind", 5, 9, (4, 60)),
    ("all stored", 5, 5, (0, 0)),
    ("ahead of what the broker reported", 5, 3, (0, 0)),
    ("withheld by a transaction", 5, (5, 404), (399, 60)),
]


@pytest.mark.parametrize(
    ("stored", "end", "expected"), [c[1:] for c in LAGS], ids=[c[0] for c in LAGS]
)
async def test_lag(stored: int, end: int | None, expected: tuple[float, float]) -> None:
    progress = by(Clock())
    progress.start({HERE: claimed(0)})
    progress.move(stored_to(stored))
    await report(progress, Log(p0=end))
    assert lag() == expected


async def test_after_a_restart_the_age_is_that_of_the_stored_state() -> None:
    progress = by(Clock())
    progress.start({HERE: claimed(2, age_s=540)})
    await report(progress, Log(p0=9))
    assert lag() == (7, 600)


async def test_what_was_never_stored_ages_from_when_it_was_seen() -> None:
    clock = Clock()
    progress = by(clock)
    progress.start({HERE: claimed(0)})
    await report(progress, Log(p0=9))
    assert lag() == (9, 0)
    clock.now += 30
    await report(progress, Log(p0=9))
    assert lag() == (9, 30)


async def test_after_an_idle_time_a_record_is_as_old_as_it_is() -> None:
    clock = Clock()
    progress = by(clock)
    progress.start({HERE: claimed(5, age_s=864_000)})
    await report(progress, Log(p0=5))
    clock.now += 4
    await report(progress, Log(p0=6))
    assert lag() == (1, 4)
    restarted = by(clock)
    restarted.start({HERE: claimed(5, age_s=864_000)})
    restarted.read(HERE, 5, stamped(clock.now - 3))
    restarted.read(HERE, 6, stamped(clock.now))
    await report(restarted, Log(p0=7))
    assert lag() == (2, 3)


async def test_without_an_answer_the_age_grows() -> None:
    clock, log = Clock(), Log(p0=9)
    progress = by(clock)
    progress.start({HERE: claimed(5, age_s=0)})
    await report(progress, log)
    clock.now += 40
    log.ends = {}
    await report(progress, log)
    assert lag() == (4, 100)


async def test_a_silent_broker_is_logged_periodically(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock, log = Clock(), Log()
    progress = by(clock)
    progress.start({HERE: claimed(5)})
    counts = []
    for seconds, ends in [(0, {}), (10, {}), (20, {}), (1, {"p0": 5}), (1, {})]:
        clock.now += seconds
        log.ends = dict(ends)
        await report(progress, log)
        counts.append(capsys.readouterr().out.count("the broker does not report these"))
    assert counts == [1, 0, 1, 0, 1]


async def test_a_clock_ahead_of_ours_is_no_negative_age_and_hides_no_later_one() -> None:
    clock = Clock()
    clock.now = NOON_S - 10
    progress = by(clock)
    progress.start({HERE: claimed(0)})
    progress.move(stored_to(5))
    await report(progress, Log(p0=9))
    assert lag() == (4, 0)
    clock.now += 5
    await report(progress, Log(p0=9))
    assert lag() == (4, 5)


async def test_an_open_transaction_is_as_old_as_it_has_been_seen() -> None:
    clock, log = Clock(), Log(p0=(5, 8))
    progress = by(clock)
    progress.start({HERE: claimed(5)})
    seen = []
    for end in [(5, 8), (5, 9), (7, 9), (9, 9)]:
        log.ends = {"p0": end}
        await report(progress, log)
        clock.now += 20
        await report(progress, log)
        seen.append(series("open_transaction_seconds", HERE))
    # Another transaction begins where the one before has ended.
    assert seen == [20, 40, 20, 0]


async def test_it_reports_at_once_what_is_claimed_and_then_now_and_then() -> None:
    progress, log = ProgressReport(lambda: None, Clock(), every_s=1_000), Log(p0=9)
    running = asyncio.create_task(progress.run(cast(RecordSource, log)))
    progress.start({HERE: claimed(0)})
    await eventually(lambda: log.commits == [{HERE: 0}], "the first report")
    progress.start({HERE: claimed(4)})
    await eventually(lambda: log.commits == [{HERE: 0}, {HERE: 4}], "the report of the claim")
    running.cancel()
    await asyncio.wait({running})


async def test_partitions_keep_their_series_until_the_group_has_assigned_others() -> None:
    clock, log = Clock(), Log(p0=9, p1=9)
    progress = by(clock)
    progress.start({HERE: claimed(0, age_s=0), THERE: claimed(0)})
    await report(progress, log)
    assert lag(THERE) == (9, 0)
    progress.revoke()
    assert (lag(), lag(THERE)) == ((9, 60), (9, 0))
    assert REGISTRY.get_sample_value("fleetgauge_assigned_partitions") == 0
    progress.assign([HERE])
    assert (lag(), lag(THERE)) == ((9, 60), (None, None))
    progress.start({HERE: claimed(4)})
    await report(progress, log)
    assert lag() == (5, 60)
    assert REGISTRY.get_sample_value("fleetgauge_assigned_partitions") == 1


async def test_what_cannot_be_claimed_is_known_from_the_group() -> None:
    progress, log = by(Clock()), Log(p0=9, p1=9)
    log.known_to_group = {HERE: 7}
    progress.assign([HERE, THERE])
    await report(progress, log)
    assert (lag(), lag(THERE)) == ((2, 0), (None, None))
    assert log.commits == []


REASSURES = [
    ("all stored", {"p0": 5}, True, True),
    ("something waits", {"p0": 6}, True, False),
    ("a transaction withholds it", {"p0": (5, 6)}, True, True),
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
    progress = by(Clock(), lambda: reassured.append(True))
    progress.start({HERE: claimed(5)})
    reassured.clear()
    log = Log(**ends)
    log.answers = answers
    await report(progress, log)
    assert bool(reassured) is is_reassured


async def test_a_spare_is_well_and_who_waits_for_its_partitions_is_not() -> None:
    reassured: list[str] = []
    progress = by(Clock(), lambda: reassured.append("!"))
    await report(progress, Log())
    assert reassured == []
    progress.start({HERE: claimed(0)})
    progress.move(stored_to(5))
    assert reassured == ["!"] * 2
    progress.revoke()
    await report(progress, Log(p0=5))
    progress.assign([HERE])
    await report(progress, Log(p0=5))
    assert reassured == ["!"] * 2
    progress.start({})
    await report(progress, Log())
    assert reassured == ["!"] * 4


async def test_what_cannot_be_read_is_no_standstill() -> None:
    reassured: list[bool] = []
    progress = by(Clock(), lambda: reassured.append(True))
    progress.start({HERE: claimed(5), THERE: claimed(5)})
    reassured.clear()
    log = Log(p0=9, p1=5)
    log.unreadable = {HERE}
    await report(progress, log)
    assert reassured


async def test_what_stands_for_a_batch_that_was_passed_over_has_no_age() -> None:
    clock = Clock()
    progress = by(clock)
    progress.start({HERE: claimed(0)})
    stand = stamped(0, SkippedBatch(b"damaged", "malformed", "its checksum is wrong"))
    progress.read(HERE, 0, stand)
    await report(progress, Log(p0=9))
    assert lag() == (9, 0)

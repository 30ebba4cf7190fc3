"""When a partition that cannot be read is tried again, and what is logged and counted of it."""

import logging
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from ingest.reading.quarantine import LOG_EVERY_S, SILENCE_S, Quarantine, Verdict
from ingest.reading.unreadable import Damage
from ingest.retry import CAP_S

HERE = TopicPartition("quarantine", 0)
THERE = TopicPartition("quarantine", 1)
DAMAGE = Damage(7, 10, "rotten", b"batch", 0)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def value(name: str, partition: TopicPartition = HERE) -> float | None:
    labels = {"topic": partition.topic, "partition": str(partition.partition)}
    return REGISTRY.get_sample_value(f"fleetgauge_{name}", labels)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def quarantine(clock: Clock) -> Quarantine:
    made = Quarantine(lambda _: None, skips=False, clock=clock)
    made.clear()
    return made


def test_it_waits_alone_and_longer_each_time(quarantine: Quarantine, clock: Clock) -> None:
    quarantine.start({HERE: 0, THERE: 0})
    longest = 0.0
    for _ in range(12):
        quarantine.judge(HERE, DAMAGE)
        assert quarantine.waiting == {HERE}
        before = clock.now
        while quarantine.waiting:
            clock.now += 0.01
        longest = max(longest, clock.now - before)
    assert 0.2 < longest <= CAP_S + 0.01
    assert set(quarantine.held) == {HERE}
    assert (value("unreadable_partition"), value("unreadable_partition", THERE)) == (1, 0)


def test_each_attempt_counts_and_the_log_has_one_line_a_minute(
    quarantine: Quarantine, clock: Clock
) -> None:
    before = value("read_errors_total") or 0
    with capture_logs() as logs:
        for _ in range(5):
            quarantine.fetch_failed(HERE, 7, "the broker returned KafkaStorageError")
        clock.now += LOG_EVERY_S
        quarantine.fetch_failed(HERE, 7, "the broker returned KafkaStorageError")
    assert (value("read_errors_total") or 0) - before == 6
    assert [(line["event"], line["partition"], line["offset"]) for line in logs] == [
        ("partition cannot be read", "quarantine/0", 7)
    ] * 2


def test_another_problem_is_logged_at_once(quarantine: Quarantine) -> None:
    with capture_logs() as logs:
        quarantine.fetch_failed(HERE, 7, "one")
        quarantine.fetch_failed(HERE, 7, "another")
        quarantine.fetch_failed(HERE, 8, "another")
    assert [(line["error"], line["offset"]) for line in logs] == [
        ("one", 7),
        ("another", 7),
        ("another", 8),
    ]


def test_an_error_of_the_broker_ends_with_an_answer_and_damage_with_a_record(
    quarantine: Quarantine,
) -> None:
    quarantine.fetch_failed(HERE, 7, "no")
    quarantine.judge(THERE, DAMAGE)
    quarantine.fetch_succeeded(HERE)
    quarantine.fetch_succeeded(THERE)
    assert set(quarantine.held) == {THERE}
    quarantine.read(THERE, 7)
    assert not quarantine.held
    assert value("unreadable_partition", THERE) == 0


def test_a_broker_that_keeps_silent_for_long_is_an_error(
    quarantine: Quarantine, clock: Clock
) -> None:
    quarantine.fetch_empty(HERE, 7)
    clock.now += SILENCE_S - 0.1
    quarantine.fetch_empty(HERE, 7)
    quarantine.fetch_succeeded(HERE)
    clock.now += 0.2
    quarantine.fetch_empty(HERE, 7)
    assert not quarantine.held
    clock.now += SILENCE_S
    quarantine.fetch_empty(HERE, 7)
    assert set(quarantine.held) == {HERE}
    quarantine.fetch_succeeded(HERE)
    assert not quarantine.held


@pytest.mark.parametrize(
    ("damages", "verdict"),
    [
        ([DAMAGE, DAMAGE], Verdict.SKIP),
        ([DAMAGE], Verdict.WAIT),
        ([DAMAGE, Damage(7, 10, "rotten", b"other", 0)], Verdict.WAIT),
        ([DAMAGE, Damage(8, 10, "rotten", b"batch", 0)], Verdict.WAIT),
        ([Damage(7, None, "rotten", b"batch", 0)] * 2, Verdict.WAIT),
        ([Damage(7, 7, "rotten", b"batch", 0)], Verdict.BEHIND),
    ],
)
def test_only_what_is_the_same_twice_is_passed_over(
    damages: list[Damage], verdict: Verdict, clock: Clock
) -> None:
    skipping = Quarantine(lambda _: None, skips=True, clock=clock)
    *_, last = [skipping.judge(HERE, damage) for damage in damages]
    assert last is verdict


def test_who_gave_it_up_has_nothing_to_wait_for(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: Any) -> None:
        raise IllegalStateError

    with caplog.at_level(logging.INFO):
        gone = Quarantine(refuse, skips=False, clock=clock)
        gone.fetch_failed(HERE, 7, "no")
    assert not gone.held


def test_other_partitions_begin_with_nothing(quarantine: Quarantine) -> None:
    quarantine.start({HERE: 20})
    quarantine.fetch_failed(HERE, 7, "no")
    quarantine.clear()
    assert not quarantine.held
    assert value("unreadable_partition") is None
    assert quarantine.judge(HERE, DAMAGE) is Verdict.WAIT

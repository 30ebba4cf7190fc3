"""What the fetcher makes of the client's answers."""

import asyncio
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaConnectionError,
    OffsetOutOfRangeError,
)

from ingest.kafka.logends import LogEnds
from ingest.kafka.unpack import Unpacker
from ingest.reading import consumer as module
from ingest.reading.commitmetadata import DatabaseIdentity, parse
from ingest.reading.consumer import GroupConsumer
from ingest.reading.quarantine import Quarantine
from tests.unit.ingest.records import record

HERE = TopicPartition("t", 0)


class Consumer:
    """Stands for aiokafka's consumer; `failure` is what it raises, None is to wait for ever."""

    def __init__(self, failure: Exception | None) -> None:
        self._failure = failure
        self.calls: list[Any] = []

    def assignment(self) -> set[TopicPartition]:
        return {HERE}

    async def commit(self, positions: dict[TopicPartition, Any]) -> None:
        # As aiokafka does, which takes no empty commit.
        if not positions:
            raise ValueError(positions)
        self.calls.append(positions)
        await self._fail()

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int, max_records: int
    ) -> dict[Any, Any]:
        self.calls.append(timeout_ms)
        await self._fail()
        return {}

    async def _fail(self) -> None:
        if self._failure is None:
            await asyncio.Event().wait()
        else:
            raise self._failure

    def pause(self, *partitions: TopicPartition) -> None:
        self.calls.append(("pause", *partitions))

    def resume(self, *partitions: TopicPartition) -> None:
        self.calls.append(("resume", *partitions))

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.calls.append(("seek", partition, offset))


def fetcher(consumer: Consumer, quarantine: Quarantine | None = None) -> GroupConsumer:
    unpacker = Unpacker(quarantine or Quarantine(consumer.pause, skips=False), 0)
    client = cast(AIOKafkaConsumer, consumer)
    return GroupConsumer(client, unpacker, LogEnds(client, client), 1.0)


@pytest.mark.parametrize(
    "failure", [None, KafkaConnectionError(), CommitFailedError(), IllegalStateError()]
)
async def test_committing_to_the_group_never_fails_and_never_hangs(
    failure: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMMIT_TIMEOUT_S", 0.01)
    await asyncio.wait_for(fetcher(Consumer(failure)).commit_to_group({HERE: 1}), 1)


@pytest.mark.parametrize("failure", [CommitFailedError(), IllegalStateError()])
async def test_no_member_any_more(failure: Exception) -> None:
    assert not await fetcher(Consumer(failure)).is_member({HERE: 1})


async def test_with_nothing_stored_there_is_nothing_to_commit_and_nothing_held() -> None:
    await fetcher(Consumer(None)).commit_to_group({})
    assert not await fetcher(Consumer(None)).is_member({})


async def test_who_cannot_ask_does_not_know() -> None:
    with pytest.raises(KafkaConnectionError):
        await fetcher(Consumer(KafkaConnectionError())).is_member({HERE: 1})


async def test_each_commit_names_the_database_once_it_is_known() -> None:
    consumer = Consumer(CommitFailedError())
    given = fetcher(consumer)
    assert not await given.is_member({HERE: 1})
    given.database = DatabaseIdentity("16384/2026-03-10T11:00:00+00:00", "fleetgauge at db:5432")
    await given.commit_to_group({HERE: 2})
    assert not await given.is_member({HERE: 3})
    (_, nothing_known), *known = [positions[HERE] for positions in consumer.calls]
    assert nothing_known == ""
    assert [offset for offset, _ in known] == [2, 3]
    commits = [parse(said) for _, said in known]
    assert [commit and commit.database for commit in commits] == [given.database] * 2


async def test_staying_alive_reads_nothing_and_swallows_what_comes_again() -> None:
    consumer = Consumer(OffsetOutOfRangeError({HERE: 1}))
    await fetcher(consumer).poll_paused()
    assert consumer.calls == [("pause", HERE), 0]


async def test_what_is_assigned_is_paused_until_it_is_claimed() -> None:
    consumer = Consumer(None)
    given = fetcher(consumer)
    given.on_partitions_assigned([HERE])
    assert consumer.calls == [("seek", HERE, 0), ("pause", HERE)]
    await asyncio.wait_for(anext(given.assignments()), 1)
    given.start_at({HERE: 7}, {HERE: 8})
    assert consumer.calls[2:] == [("seek", HERE, 7), ("resume", HERE)]


class Backlog(Consumer):
    """Has records at hand, and hands them out as aiokafka does: one partition to its end first."""

    def __init__(self, **left: int) -> None:
        super().__init__(None)
        self.left = {TopicPartition("t", int(name[1:])): count for name, count in left.items()}

    def assignment(self) -> set[TopicPartition]:
        return set(self.left)

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[Any, int]:
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[Any, int]:
        return dict.fromkeys(partitions, 100)

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int, max_records: int
    ) -> dict[Any, Any]:
        found = {}
        for partition, left in self.left.items():
            taken = min(left, max_records)
            if taken and (not partitions or partition in partitions):
                self.left[partition] -= taken
                max_records -= taken
                found[partition] = [record(b"", offset=number) for number in range(taken)]
        return found


async def test_partitions_with_a_backlog_come_in_turn() -> None:
    given = fetcher(Backlog(p0=50, p1=20, p2=3))
    order = [{p.partition: len(r) for p, r in (await given.fetch(0, 10)).items()} for _ in range(6)]
    assert order == [{0: 10}, {1: 10}, {2: 3}, {0: 10}, {1: 10}, {0: 10}]


async def test_what_cannot_be_read_stays_paused_when_the_others_go_on() -> None:
    consumer = Backlog(p0=0, p1=0)
    here, there = sorted(consumer.assignment())
    quarantine = Quarantine(consumer.pause, skips=False)
    given = fetcher(consumer, quarantine)
    given.start_at({here: 0, there: 0}, {})
    consumer.calls.clear()
    quarantine.fetch_failed(here, 0, "no")
    given.pause()
    given.resume()
    assert consumer.calls[-1] == ("resume", there)
    await given.fetch(0, 10)
    assert ("resume", here) not in consumer.calls


async def test_a_partition_without_a_leader_waits_and_the_others_are_read() -> None:
    consumer = Backlog(p0=0, p1=3)
    here, there = sorted(consumer.assignment())
    quarantine = Quarantine(consumer.pause, skips=False)
    given = fetcher(consumer, quarantine)
    assert set(await given.log_bounds([there])) == {there}
    given.start_at({there: 0}, {there: 0})
    assert quarantine.failed == {here}
    assert consumer.calls[-1] == ("resume", there)
    assert set(await given.fetch(0, 10)) == {there}


async def test_one_that_is_not_claimed_is_asked_about_though_it_can_be_fetched() -> None:
    consumer = Backlog(p0=0, p1=3)
    here, there = sorted(consumer.assignment())
    quarantine = Quarantine(consumer.pause, skips=False, clock=iter(range(0, 10_000, 100)).__next__)
    given = fetcher(consumer, quarantine)
    await given.log_bounds([there])
    given.start_at({there: 0}, {there: 0})
    # A fetch of it was under way.
    quarantine.fetch_succeeded(here)
    assert here in given.unreadable
    await given.fetch(0, 10)
    await given.fetch(0, 10)
    await asyncio.wait_for(anext(given.assignments()), 1)
    await given.log_bounds([here, there])
    given.start_at({here: 0}, {here: 0})
    assert not given.unreadable
    given.close()

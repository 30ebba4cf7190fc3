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

from ingest import fetch as module
from ingest.fetch import Fetcher
from ingest.logends import LogEnds
from ingest.unpack import Unpacker

HERE = TopicPartition("t", 0)


class Consumer:
    """Stands for aiokafka's consumer; `failure` is what it raises, None is to wait for ever."""

    def __init__(self, failure: Exception | None) -> None:
        self._failure = failure
        self.calls: list[Any] = []

    def assignment(self) -> set[TopicPartition]:
        return {HERE}

    async def commit(self, positions: dict[TopicPartition, int]) -> None:
        # As aiokafka does, which takes no empty commit.
        if not positions:
            raise ValueError(positions)
        await self._fail()

    async def getmany(self, timeout_ms: int, max_records: int) -> dict[Any, Any]:
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


async def nothing() -> None:
    return None


def fetcher(consumer: Consumer) -> Fetcher:
    client = cast(AIOKafkaConsumer, consumer)
    return Fetcher(client, Unpacker(0), LogEnds(client, client), nothing)


@pytest.mark.parametrize(
    "failure", [None, KafkaConnectionError(), CommitFailedError(), IllegalStateError()]
)
async def test_telling_the_group_never_fails_and_never_hangs(
    failure: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TELL_TIMEOUT_S", 0.01)
    await asyncio.wait_for(fetcher(Consumer(failure)).tell_group({HERE: 1}), 1)


@pytest.mark.parametrize("failure", [CommitFailedError(), IllegalStateError()])
async def test_no_member_any_more(failure: Exception) -> None:
    assert not await fetcher(Consumer(failure)).is_member({HERE: 1})


async def test_with_nothing_stored_there_is_nothing_to_tell_and_nothing_held() -> None:
    await fetcher(Consumer(None)).tell_group({})
    assert not await fetcher(Consumer(None)).is_member({})


async def test_who_cannot_ask_does_not_know() -> None:
    with pytest.raises(KafkaConnectionError):
        await fetcher(Consumer(KafkaConnectionError())).is_member({HERE: 1})


async def test_staying_alive_reads_nothing_and_swallows_what_comes_again() -> None:
    consumer = Consumer(OffsetOutOfRangeError({HERE: 1}))
    await fetcher(consumer).stay_alive()
    assert consumer.calls == [("pause", HERE), 0]


def test_what_is_assigned_is_paused_until_it_is_claimed() -> None:
    consumer = Consumer(None)
    given = fetcher(consumer)
    given.on_partitions_assigned([HERE])
    assert consumer.calls == [("seek", HERE, 0), ("pause", HERE)]
    assert given.reassigned.is_set()
    given.start_at({HERE: 7})
    assert consumer.calls[2:] == [("seek", HERE, 7), ("resume", HERE)]

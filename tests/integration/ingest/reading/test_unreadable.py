"""A broker that answers for one partition with an error, and for the others with their data."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    KafkaStorageError,
    NotLeaderForPartitionError,
    TopicAuthorizationFailedError,
    UnknownError,
)
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest

from ingest.admin.topics import create_topics
from ingest.kafka.logends import LogEnd
from ingest.reading.consumer import GroupConsumer
from ingest.reading.openconsumer import open_consumer
from schemas.settings import IngestSettings, KafkaSettings
from tests.support.appending import appending
from tests.support.stack import Stack, Topics
from tests.support.waiting import until
from tests.unit.ingest.batches import batch

ERRORS = [
    KafkaStorageError,
    NotLeaderForPartitionError,
    TopicAuthorizationFailedError,
    UnknownError,
]


class Refusing:
    """Puts an error in place of what the broker answers for partition 0."""

    def __init__(self, send: Callable[..., Any]) -> None:
        self._send = send
        self.codes: dict[type[Any], int] = {}

    async def __call__(self, client: Any, node_id: int, request: Any, **options: Any) -> Any:
        response = await self._send(client, node_id, request, **options)
        code = self.codes.get(type(request), 0)
        if code:
            response.topics = [
                (topic, [(row[0], code, *row[2:]) if row[0] == 0 else row for row in rows])
                for topic, rows in response.topics
            ]
        return response


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Refusing:
    made = Refusing(AIOKafkaClient.send)
    monkeypatch.setattr(AIOKafkaClient, "send", lambda *parts, **more: made(*parts, **more))
    return made


@pytest.fixture
async def fetcher(stack: Stack, topics: Topics, refusing: Refusing) -> AsyncIterator[GroupConsumer]:
    """Reads the samples' topic, which has a record in each partition, from its start."""
    kafka = KafkaSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        samples_topic=topics.samples,
        events_topic=topics.events,
        deadletter_topic=topics.deadletter,
        samples_partitions=3,
    )
    assert await asyncio.to_thread(create_topics, kafka) == 0
    async with appending(stack) as appender:
        for number in range(3):
            await appender.append(TopicPartition(topics.samples, number), batch([b"first"]))
    group = IngestSettings(consumer_group=f"{topics.samples}-ingest")
    async with open_consumer(kafka, group) as opened:
        opened.subscribe([topics.samples])
        await anext(opened.assignments())
        yield opened


class Reader:
    """Counts what is read of each partition."""

    def __init__(self, fetcher: GroupConsumer) -> None:
        self._fetcher = fetcher
        self.read: dict[int, int] = defaultdict(int)

    async def until(self, **counts: int) -> None:
        """Reads until there are so many of each partition, `p0` and so on."""

        async def probe() -> bool:
            for partition, records in (await self._fetcher.fetch(100, 10)).items():
                self.read[partition.partition] += len(records)
            return counts == {f"p{number}": count for number, count in self.read.items()}

        await until(probe, f"{counts}", 60)


@pytest.mark.parametrize("error", ERRORS)
async def test_the_others_are_read_and_it_is_when_it_can_be(
    error: Any, fetcher: GroupConsumer, refusing: Refusing, stack: Stack
) -> None:
    refusing.codes = {FetchRequest: error.errno}
    here, there, _ = fetcher.assignment
    fetcher.start_at(dict.fromkeys(fetcher.assignment, 0), {})
    reader = Reader(fetcher)
    await reader.until(p1=1, p2=1)
    await until(lambda: asyncio.sleep(0, here in fetcher.unreadable), "the error", 60)
    async with appending(stack) as appender:
        await appender.append(there, batch([b"second"]))
    await reader.until(p1=2, p2=1)
    assert list(fetcher.unreadable) == [here]
    refusing.codes = {}
    await reader.until(p0=1, p1=2, p2=1)
    assert not fetcher.unreadable


async def test_one_that_has_no_bounds_is_claimed_when_it_has(
    fetcher: GroupConsumer, refusing: Refusing
) -> None:
    refusing.codes = {OffsetRequest: TopicAuthorizationFailedError.errno}
    here, *others = fetcher.assignment
    bounds = await fetcher.log_bounds(fetcher.assignment)
    assert bounds == dict.fromkeys(others, (0, 1))
    assert list(fetcher.unreadable) == [here]
    assert await fetcher.log_ends(fetcher.assignment) == dict.fromkeys(others, LogEnd(1, 1))
    fetcher.start_at(dict.fromkeys(others, 0), {})
    reader = Reader(fetcher)
    await reader.until(p1=1, p2=1)
    refusing.codes = {}
    claimable = asyncio.ensure_future(anext(fetcher.assignments()))

    async def has_bounds() -> bool:
        assert not await fetcher.fetch(100, 10)
        return claimable.done()

    await until(has_bounds, "the bounds", 60)
    assert len(await fetcher.log_bounds(fetcher.assignment)) == 3
    fetcher.start_at({here: 0}, {here: 0})
    await reader.until(p0=1, p1=1, p2=1)
    assert not fetcher.unreadable

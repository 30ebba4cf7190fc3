"""A real broker's answer about its logs, over the client library's own connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import TopicPartition

from ingest.admin.topics import check_topics, create_topics
from ingest.reading.consumer import GroupConsumer
from ingest.reading.openconsumer import open_consumer
from schemas.settings import IngestSettings, KafkaSettings
from tests.support.kafka import delete
from tests.support.stack import Stack, Topics
from tests.support.waiting import until


@asynccontextmanager
async def opened(kafka: KafkaSettings) -> AsyncIterator[GroupConsumer]:
    async with open_consumer(kafka, IngestSettings()) as fetcher:
        yield fetcher


async def test_a_recreated_topic_has_another_identity(
    stack: Stack, kafka: KafkaSettings, made_topics: Topics
) -> None:
    samples, events = TopicPartition(made_topics.samples, 0), TopicPartition(made_topics.events, 2)
    async with opened(kafka) as fetcher:
        fetcher.subscribe([samples.topic, events.topic])
        await asyncio.wait_for(anext(fetcher.assignments()), 30)
        before = await fetcher.all_identities([samples, events])
        assert {log.cluster_id for log in before.values()} == {await check_topics(kafka)}
        assert before[samples].topic_id != before[events].topic_id
        assert await fetcher.all_identities([samples, events]) == before

        await delete(stack, samples.topic)
        await until(lambda: asyncio.to_thread(lambda: create_topics(kafka) == 0), "the topic", 60)

        async def found() -> bool:
            after = await fetcher.identities([samples, events])
            assert after[events] == before[events]
            return after.get(samples, before[samples]) != before[samples]

        await until(found, "another identity", 60)

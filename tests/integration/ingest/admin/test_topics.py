"""Topics on the real broker: made once, with settings, and checked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from ingest.admin.topics import check_topics, create_topics
from ingest.kafka.topic import TopicError
from schemas.settings import KafkaSettings
from tests.support.stack import free_port


@asynccontextmanager
async def admin(kafka: KafkaSettings) -> AsyncIterator[Any]:
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.kafka_bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def described(kafka: KafkaSettings, name: str) -> dict[str, str]:
    """Number of partitions and the settings that matter here."""
    async with admin(kafka) as client:
        (topic,) = await client.describe_topics([name])
        resource = ConfigResource(ConfigResourceType.TOPIC, name)
        (answer,) = await client.describe_configs([resource])
    settings = {setting[0]: setting[1] for setting in answer.resources[0][4]}
    names = ["message.timestamp.type", "max.message.bytes", "retention.ms", "cleanup.policy"]
    return {"partitions": str(len(topic["partitions"])), **{n: settings[n] for n in names}}


def settings_of(partitions: int, max_bytes: int) -> dict[str, str]:
    return {
        "partitions": str(partitions),
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(max_bytes),
        "retention.ms": str(7 * 86_400_000),
        "cleanup.policy": "delete",
    }


async def made(kafka: KafkaSettings, patience_s: float = 0) -> int:
    """`create_topics`, which runs its own event loop."""
    return await asyncio.to_thread(create_topics, kafka, patience_s)


async def test_made_with_settings_and_left_alone_the_second_time(kafka: KafkaSettings) -> None:
    assert await made(kafka) == 0
    mebibyte = 1024**2
    assert await described(kafka, kafka.samples_topic) == settings_of(6, 2 * mebibyte)
    assert await described(kafka, kafka.events_topic) == settings_of(3, 2 * mebibyte)
    assert await described(kafka, kafka.deadletter_topic) == settings_of(1, 4 * mebibyte + 16_384)

    changed = kafka.model_copy(update={"samples_partitions": 9, "topic_retention_days": 1})
    assert await made(changed) == 0
    assert await described(kafka, kafka.samples_topic) == settings_of(6, 2 * mebibyte)
    assert len(await check_topics(kafka)) > 5


async def test_many_make_them_at_once(kafka: KafkaSettings) -> None:
    names = ("samples_topic", "events_topic", "deadletter_topic")
    for number in range(8):
        update = {name: f"{getattr(kafka, name)}.{number}" for name in names}
        others = kafka.model_copy(update=update)
        assert await asyncio.gather(*[made(others, 5) for _ in range(6)]) == [0] * 6


async def test_a_topic_that_is_missing(kafka: KafkaSettings) -> None:
    with pytest.raises(TopicError, match=f"^topic {kafka.samples_topic} is missing: run 'fleetg"):
        await check_topics(kafka)


async def test_a_topic_stamped_by_its_producers(
    kafka: KafkaSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with admin(kafka) as client:
        await client.create_topics([NewTopic(kafka.samples_topic, 1, 1)])
    assert await made(kafka) == 1
    assert f"topic {kafka.samples_topic} has message.timestamp.type=CreateTime" in printed(capsys)
    with pytest.raises(TopicError, match=r"but needs LogAppendTime, .*: run 'kafka-configs"):
        await check_topics(kafka)


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


async def test_no_broker(kafka: KafkaSettings, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = kafka.model_copy(update={"kafka_bootstrap": f"127.0.0.1:{free_port()}"})
    assert await made(nowhere) == 1
    assert "no broker answers at" in printed(capsys)

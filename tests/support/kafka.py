"""Writes to topics, reads them and changes their settings."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from ingest.kafka.topic import TIMESTAMP_TYPE
from tests.support.oracle import log_ends
from tests.support.stack import Stack
from tests.support.waiting import until


@dataclass(frozen=True)
class Put:
    """One message."""

    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()


async def put(stack: Stack, topic: str, messages: Iterable[Put]) -> None:
    """Sends messages, in order, to partition 0."""
    producer = AIOKafkaProducer(
        bootstrap_servers=stack.kafka_bootstrap, max_request_size=8 * 1024**2
    )
    await producer.start()
    try:
        for message in messages:
            # The client rejects a record without key and value; the broker accepts it.
            value = b"" if message.value is None and message.key is None else message.value
            await producer.send(topic, value, message.key, 0, headers=list(message.headers))
        await producer.flush()
    finally:
        await producer.stop()


async def found(stack: Stack, topic: str) -> list[Any]:
    """Every record of a topic."""
    ends = await log_ends(stack, [topic])
    consumer = AIOKafkaConsumer(
        bootstrap_servers=stack.kafka_bootstrap, max_partition_fetch_bytes=8 * 1024**2
    )
    await consumer.start()
    try:
        consumer.assign(list(ends))
        await consumer.seek_to_beginning()
        records: list[Any] = []
        while len(records) < sum(ends.values()):
            for some in (await consumer.getmany(timeout_ms=1_000)).values():
                records += some
        return records
    finally:
        await consumer.stop()


async def delete(stack: Stack, topic: str) -> None:
    """Deletes a topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka_bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([topic])
    finally:
        await admin.close()


async def has_config(admin: AIOKafkaAdminClient, topic: str, config: dict[str, str]) -> bool:
    """Whether the broker reports these settings of a topic."""
    resource = ConfigResource(ConfigResourceType.TOPIC, topic)
    (answer,) = await admin.describe_configs([resource])
    ((_, _, _, _, entries),) = answer.resources
    return config.items() <= {name: value for name, value, *_ in entries}.items()


async def set_max_bytes(stack: Stack, topic: str, max_bytes: int) -> None:
    """Sets a topic's `max.message.bytes`; of its other settings only LogAppendTime stays."""
    await alter(stack, topic, {"max.message.bytes": str(max_bytes)})


async def alter(stack: Stack, topic: str, settings: dict[str, str]) -> None:
    """Sets a topic's settings; of the others only LogAppendTime stays."""
    await configure(stack, topic, {**settings, TIMESTAMP_TYPE: "LogAppendTime"})


async def configure(stack: Stack, topic: str, config: dict[str, str]) -> None:
    """Sets a topic's settings and resets all others; returns when the broker applies them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka_bootstrap)
    await admin.start()
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, config)])
        await until(partial(has_config, admin, topic, config), f"{config} of {topic}", 60)
    finally:
        await admin.close()

"""Appends raw record batches to a log, such as no client library would create."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.produce import ProduceRequest

from tests.support.stack import Stack

TIMEOUT_MS = 60_000


class Appender:
    """Sends record batches to the leader of a partition."""

    def __init__(self, client: AIOKafkaClient) -> None:
        self._client = client

    async def append(self, partition: TopicPartition, batch: bytes) -> int:
        """The offset of the batch's first record; raises aiokafka's error if it is rejected."""
        await self._client.add_topic(partition.topic)
        leader = self._client.cluster.leader_for_partition(partition)
        request = ProduceRequest(
            transactional_id=None,
            required_acks=-1,
            timeout=TIMEOUT_MS,
            topics=[(partition.topic, [(partition.partition, batch)])],
        )
        response = await self._client.send(leader, request)
        ((_, ((_, code, offset, *_),)),) = response.topics
        if code:
            raise for_code(code)(f"a batch of {len(batch)} bytes")
        return int(offset)


@asynccontextmanager
async def appending(stack: Stack) -> AsyncIterator[Appender]:
    """An appender with its own connection."""
    client = AIOKafkaClient(bootstrap_servers=stack.kafka_bootstrap, request_timeout_ms=TIMEOUT_MS)
    await client.bootstrap()
    try:
        yield Appender(client)
    finally:
        await client.close()

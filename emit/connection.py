"""A connection to the broker that returns one outcome per message.

The Kafka client has timeouts of some seconds, so that no call waits forever and closing is bounded.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    UnknownTopicOrPartitionError,
)

from emit.batch import MessageBatch
from schemas.runtime.broker import start

REQUEST_TIMEOUT_MS: Final = 5_000
# Room for the key, the headers and Kafka's own framing.
FRAME_BYTES: Final = 4_096


class BrokerConnection(Protocol):
    """A connection to the broker."""

    async def deliver(self, batches: list[MessageBatch]) -> list[BaseException | None]:
        """One outcome per batch, once all are known: None if acknowledged."""


Connect = Callable[[], AbstractAsyncContextManager[BrokerConnection]]


class ProducerConnection:
    """A connection with a producer."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def deliver(self, batches: list[MessageBatch]) -> list[BaseException | None]:
        sent: list[asyncio.Future[object]] = []
        try:
            for batch in batches:
                sent.append(await self._send(batch))
        except (KafkaError, OSError) as error:
            # Later batches are not tried, to keep the order.
            failed: list[BaseException | None] = [error] * (len(batches) - len(sent))
        else:
            failed = []
        answers = await asyncio.gather(*sent, return_exceptions=True)
        return [a if isinstance(a, BaseException) else None for a in answers] + failed

    async def _send(self, batch: MessageBatch) -> asyncio.Future[object]:
        sent: asyncio.Future[object] = await self._producer.send(
            batch.topic, batch.value, batch.key, headers=batch.headers
        )
        # If closing interrupts the delivery, nothing awaits this future, and asyncio would log it.
        sent.add_done_callback(_look_at)
        return sent


def _look_at(sent: asyncio.Future[object]) -> None:
    if not sent.cancelled():
        sent.exception()


@asynccontextmanager
async def connect_to(
    bootstrap: str, max_bytes: int, client: Mapping[str, Any]
) -> AsyncIterator[BrokerConnection]:
    """A connection with one producer; `client` overrides its options.

    aiokafka's default partitioner is murmur2 as in Java's client, which the contract requires.
    """
    defaults = {
        "bootstrap_servers": bootstrap,
        "client_id": "fleetgauge-emit",
        "acks": "all",
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "max_batch_size": max_bytes + FRAME_BYTES,
        "max_request_size": max_bytes + FRAME_BYTES,
    }
    options = {**defaults, **client}
    producer = AIOKafkaProducer(**options)
    try:
        await start(producer, options)
        yield ProducerConnection(producer)
    finally:
        await producer.stop()


def describe_error(error: BaseException) -> str:
    """A readable sentence; the client's own are empty or start with a class name."""
    if isinstance(error, UnknownTopicOrPartitionError):
        return "the topic does not exist; `fleetgauge migrate` creates it"
    if isinstance(error, KafkaTimeoutError):
        return "the broker does not answer in time"
    name = type(error).__name__
    return str(error).removeprefix(f"{name}: ") or name

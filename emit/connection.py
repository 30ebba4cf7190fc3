"""A connection to the broker: messages go in, and one outcome each comes back.

The Kafka client is told to give up after some seconds: so nothing in it waits without end, and
closing is bounded.
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
        """One outcome a batch, once all are known: None where it was acknowledged."""


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
            # What comes after it in order is not tried before it.
            failed: list[BaseException | None] = [error] * (len(batches) - len(sent))
        else:
            failed = []
        answers = await asyncio.gather(*sent, return_exceptions=True)
        return [a if isinstance(a, BaseException) else None for a in answers] + failed

    async def _send(self, batch: MessageBatch) -> asyncio.Future[object]:
        sent: asyncio.Future[object] = await self._producer.send(
            batch.topic, batch.value, batch.key, headers=batch.headers
        )
        # Where closing interrupts the sending nobody asks this one; asyncio would call it a fault.
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

    aiokafka's default partitioner is murmur2 as in Java's client, which the contract asks for.
    """
    asked = {
        "bootstrap_servers": bootstrap,
        "client_id": "fleetgauge-emit",
        "acks": "all",
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "max_batch_size": max_bytes + FRAME_BYTES,
        "max_request_size": max_bytes + FRAME_BYTES,
    }
    options = {**asked, **client}
    producer = AIOKafkaProducer(**options)
    try:
        await start(producer, options)
        yield ProducerConnection(producer)
    finally:
        await producer.stop()


def describe_error(error: BaseException) -> str:
    """A sentence for people; the client's own are empty, or begin with a class name."""
    if isinstance(error, UnknownTopicOrPartitionError):
        return "there is no such topic; `fleetgauge migrate` creates it"
    if isinstance(error, KafkaTimeoutError):
        return "it does not answer in time"
    name = type(error).__name__
    return str(error).removeprefix(f"{name}: ") or name

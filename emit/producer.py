"""From the outbox to a topic: every message acknowledged by all replicas, in order."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Protocol

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    UnknownTopicOrPartitionError,
)

from emit.clock import Clock
from emit.outbox import Outbox, Waiting

REQUEST_TIMEOUT_MS: Final = 5_000
PATIENCE_S: Final = 5.0
CLOSE_TIMEOUT_S: Final = 2.0
# A flight fits a batch, even if all of it goes to one partition.
MESSAGES_A_FLIGHT: Final = 1_000
BATCH_BYTES: Final = 512 * 1024
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 5.0

log = structlog.get_logger("emit")


class Link(Protocol):
    """A connection to the broker."""

    async def deliver(self, messages: list[Waiting]) -> None:
        """Return when all are acknowledged; KafkaError or OSError where that cannot be had."""


Connect = Callable[[], AbstractAsyncContextManager[Link]]


class TopicLink:
    """A producer bound to one topic."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def deliver(self, messages: list[Waiting]) -> None:
        """Sends them in order and awaits every acknowledgement, however long it takes."""
        sent = [await self._send(message) for message in messages]
        await _acknowledged(sent)
        for answer in sent:
            answer.result()

    async def _send(self, message: Waiting) -> asyncio.Future[object]:
        sent: asyncio.Future[object] = await self._producer.send(
            self._topic, message.value, message.key
        )
        # When another one fails nobody asks this one; asyncio would log that as a fault.
        sent.add_done_callback(_look_at)
        return sent


def _look_at(sent: asyncio.Future[object]) -> None:
    if not sent.cancelled():
        sent.exception()


async def _acknowledged(sent: list[asyncio.Future[object]]) -> None:
    # An idempotent producer of aiokafka tries again for ever, in silence.
    waited_s = 0.0
    while (await asyncio.wait(sent, timeout=PATIENCE_S))[1]:
        waited_s += PATIENCE_S
        log.warning("the broker does not acknowledge samples, still trying", for_s=waited_s)
    if waited_s:
        log.info("the broker acknowledges samples again")


@asynccontextmanager
async def link_to(bootstrap: str, topic: str) -> AsyncIterator[Link]:
    """A link over a producer of its own.

    aiokafka's default partitioner is murmur2 as in Java's client, which the contract asks for.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        client_id="fleetgauge-emit",
        acks="all",
        enable_idempotence=True,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        max_batch_size=BATCH_BYTES,
    )
    try:
        await producer.start()
        yield TopicLink(producer, topic)
    finally:
        await _close(producer)


async def _close(producer: AIOKafkaProducer) -> None:
    # Closing flushes first, which without a broker would never end.
    try:
        await asyncio.wait_for(producer.stop(), CLOSE_TIMEOUT_S)
    except TimeoutError:
        await producer.client.close()


async def pump(outbox: Outbox, connect: Connect, clock: Clock) -> None:
    """Deliver what comes into the outbox until cancelled; outages are waited out.

    After a failure the producer is made anew: an idempotent one whose batch timed out leaves a
    gap in its sequence, and the broker refuses all that follows. What is sent twice that way
    counts once.
    """
    pause_s = FIRST_PAUSE_S
    while True:
        delivered = 0
        try:
            async with connect() as link:
                log.info("connected")
                while True:
                    delivered += await _pass_on(outbox, link)
        except (KafkaError, OSError) as error:
            pause_s = FIRST_PAUSE_S if delivered else pause_s
            log.warning(
                "broker does not take samples, trying again",
                error=_told(error),
                retry_in_s=pause_s,
                waiting=len(outbox),
                dropped=outbox.dropped,
            )
        await clock.sleep_until(clock.monotonic() + pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


async def _pass_on(outbox: Outbox, link: Link) -> int:
    """Deliver one flight; returns how many messages it had."""
    flight = await outbox.oldest(MESSAGES_A_FLIGHT)
    await link.deliver(flight)
    outbox.delivered(flight[-1].number)
    return len(flight)


def _told(error: BaseException) -> str:
    """A sentence for people; aiokafka's own begin with a class name, or are empty."""
    if isinstance(error, UnknownTopicOrPartitionError):
        return "there is no such topic; `fleetgauge migrate` creates it"
    if isinstance(error, KafkaConnectionError):
        return "no broker answers there"
    name = type(error).__name__
    return str(error).removeprefix(f"{name}: ") or name

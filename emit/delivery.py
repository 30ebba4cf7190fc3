"""From the buffer to the broker: every message acknowledged by all replicas, outages waited out.

The Kafka client is told to give up after some seconds, and what was not acknowledged is sent again
from here: so nothing in it waits without end, and closing is bounded. What is sent twice counts
once.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Final, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from emit.batch import Batch, Packer
from emit.buffer import Buffer
from emit.clock import Clock

# At most so many samples and as many other events are in flight.
FLIGHT: Final = 5_000
# What comes within this time goes together.
LINGER_S: Final = 0.1
REQUEST_TIMEOUT_MS: Final = 5_000
FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 5.0
# Room for the key, the headers and Kafka's own framing.
FRAME_BYTES: Final = 4_096

log = logging.getLogger(__name__)


class Link(Protocol):
    """A connection to the broker."""

    async def deliver(self, batches: list[Batch]) -> list[BaseException | None]:
        """One outcome a batch, once all are known: None where it was acknowledged."""


Connect = Callable[[], AbstractAsyncContextManager[Link]]


class BrokerLink:
    """A link over a producer."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def deliver(self, batches: list[Batch]) -> list[BaseException | None]:
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

    async def _send(self, batch: Batch) -> asyncio.Future[object]:
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
async def link_to(bootstrap: str, max_bytes: int, client: Mapping[str, Any]) -> AsyncIterator[Link]:
    """A link over a producer of its own; `client` overrides what it is made with.

    aiokafka's default partitioner is murmur2 as in Java's client, which the contract asks for.
    """
    asked = {
        "client_id": "fleetgauge-emit",
        "acks": "all",
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "max_batch_size": max_bytes + FRAME_BYTES,
        "max_request_size": max_bytes + FRAME_BYTES,
    }
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, **{**asked, **client})
    try:
        await producer.start()
        yield BrokerLink(producer)
    finally:
        await producer.stop()


class Delivery:
    """Delivers what comes into a buffer until that has ended."""

    def __init__(self, buffer: Buffer, packer: Packer, connect: Connect, clock: Clock) -> None:
        self._buffer = buffer
        self._packer = packer
        self._connect = connect
        self._clock = clock
        self._flight: list[Batch] = []
        self._pauses = _growing_pauses()
        self._trouble: str | None = None
        # Set in the loop's thread: something is there; and: it is worth no more waiting.
        self.arrived = asyncio.Event()
        self.due = asyncio.Event()

    async def run(self) -> None:
        """Returns when the buffer has ended and all that came out of it is acknowledged.

        A link that has failed is made anew: whatever state it is in, the next one is well.
        """
        while True:
            try:
                async with self._connect() as link:
                    await self._deliver_all(link)
                return
            except (KafkaError, OSError) as error:
                self._tell(error)
            await self._clock.sleep_until(self._clock.monotonic() + next(self._pauses))

    async def _deliver_all(self, link: Link) -> None:
        while self._flight or not self._buffer.ended:
            if self._flight:
                await self._pass_on(link)
            else:
                await self._until_due()
                self._board()

    async def _until_due(self) -> None:
        """Returns LINGER_S after the first event, or sooner."""
        await self.arrived.wait()
        if len(self._buffer) < FLIGHT:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.due.wait(), LINGER_S)
        # Before the events are taken: what arrives from now on sets them again.
        self.arrived.clear()
        self.due.clear()

    def _board(self) -> None:
        self._flight = self._packer.pack(self._buffer.take(FLIGHT))
        if len(self._buffer):
            self.arrived.set()

    async def _pass_on(self, link: Link) -> None:
        """Tries all that is in flight; raises what kept the rest of it from arriving."""
        left: list[Batch] = []
        failures: list[BaseException] = []
        for batch, error in zip(self._flight, await link.deliver(self._flight), strict=True):
            if error is None:
                self._buffer.acknowledged(len(batch.events))
            elif isinstance(error, MessageSizeTooLargeError):
                left += self._smaller(batch)
            else:
                left.append(batch)
                failures.append(error)
        self._flight = left
        if failures:
            raise failures[0]
        self._tell_that_it_works()

    def _smaller(self, batch: Batch) -> list[Batch]:
        if len(batch.events) > 1:
            return self._packer.halves(batch)
        log.warning("the broker takes no message of %d bytes: event dropped", len(batch.value))
        self._buffer.refused(batch.events[0])
        return []

    def _tell(self, error: BaseException) -> None:
        # Once an outage, not once a try.
        trouble = type(error).__name__
        if trouble != self._trouble:
            log.warning("the broker takes no events, trying again: %s", str(error) or trouble)
        self._trouble = trouble

    def _tell_that_it_works(self) -> None:
        self._pauses = _growing_pauses()
        if self._trouble is not None:
            totals = self._buffer.totals
            log.warning(
                "the broker takes events again; dropped so far: %d samples, %d other events",
                totals.dropped_samples,
                totals.dropped_events,
            )
        self._trouble = None


def _growing_pauses() -> Iterator[float]:
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

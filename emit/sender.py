"""Sends to the broker, and reconnects whenever the connection fails, however long that takes.

What was not acknowledged is sent again over the next connection. What arrives twice counts once.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from typing import Final

from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from emit.batch import MessageBatch, Packer
from emit.clock import Clock
from emit.connection import BrokerConnection, Connect, describe_error
from emit.stats import DeliveryStats
from schemas.events import Event

FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 5.0

log = logging.getLogger(__name__)


class ReconnectingSender:
    """Sends one list of events after another; what became of each goes into its statistics."""

    def __init__(
        self, packer: Packer, connect: Connect, clock: Clock, stats: DeliveryStats
    ) -> None:
        self._packer = packer
        self._connect = connect
        self._clock = clock
        self._stats = stats
        self._open = AsyncExitStack()
        self._connection: BrokerConnection | None = None
        self._left: list[MessageBatch] = []
        self._sending: asyncio.Task[None] | None = None
        self._pauses = _growing_pauses()
        self._trouble: str | None = None

    async def send(self, events: list[Event]) -> None:
        """Returns when there is a connection and none of these is left; outages are waited out.

        Where this is cancelled, sending goes on until `close`.
        """
        self._left = self._packer.pack(events)
        self._sending = asyncio.create_task(self._send())
        await asyncio.shield(self._sending)

    async def close(self, timeout_s: float = 0.0) -> None:
        """Goes on with what is being sent for so long, then hangs up."""
        if self._sending is not None:
            await asyncio.wait([self._sending], timeout=timeout_s)
            self._sending.cancel()
            await asyncio.wait([self._sending])
        await self._hang_up()

    async def _send(self) -> None:
        while not await self._tried():
            await self._clock.sleep_until(self._clock.monotonic() + next(self._pauses))

    async def _tried(self) -> bool:
        """Whether nothing is left to try again. After a failure the next try opens a connection."""
        try:
            connection = await self._connected()
            while self._left:
                await self._pass_on(connection)
        except (KafkaError, OSError) as error:
            self._tell(describe_error(error))
            await self._hang_up()
            return False
        return True

    async def _connected(self) -> BrokerConnection:
        if self._connection is None:
            self._connection = await self._open.enter_async_context(self._connect())
            log.info("connected to the broker")
        return self._connection

    async def _hang_up(self) -> None:
        self._connection = None
        with suppress(KafkaError, OSError):
            await self._open.aclose()

    async def _pass_on(self, connection: BrokerConnection) -> None:
        """Tries all that is left; raises what kept the rest from arriving."""
        left: list[MessageBatch] = []
        failures: list[BaseException] = []
        for batch, error in zip(self._left, await connection.deliver(self._left), strict=True):
            if error is None:
                self._stats.acknowledged(len(batch.events))
            elif isinstance(error, MessageSizeTooLargeError):
                left += self._smaller(batch)
            else:
                left.append(batch)
                failures.append(error)
        self._left = left
        if failures:
            raise failures[0]
        self._tell_that_it_works()

    def _smaller(self, batch: MessageBatch) -> list[MessageBatch]:
        if len(batch.events) > 1:
            return self._packer.halves(batch)
        log.warning("the broker takes no message of %d bytes: event dropped", len(batch.value))
        self._stats.dropped(batch.events[0])
        return []

    def _tell(self, trouble: str) -> None:
        # Once an outage, not once a try.
        if trouble != self._trouble:
            log.warning("the broker takes no events, trying again: %s", trouble)
        self._trouble = trouble

    def _tell_that_it_works(self) -> None:
        self._pauses = _growing_pauses()
        if self._trouble is not None:
            totals = self._stats.totals
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

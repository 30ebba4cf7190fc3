"""Sends to the broker, and reconnects after each failure, without a limit of attempts.

Unacknowledged messages are sent again over the next connection. Duplicates count once.
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
    """Sends one list of events after another and counts their outcomes in `stats`."""

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
        """Returns when connected and all events have an outcome; waits during outages.

        If cancelled, sending continues in the background until `close`.
        """
        self._left = self._packer.pack(events)
        self._sending = asyncio.create_task(self._send())
        await asyncio.shield(self._sending)

    async def close(self, timeout_s: float = 0.0) -> None:
        """Continues an ongoing send for at most `timeout_s`, then closes the connection."""
        if self._sending is not None:
            await asyncio.wait([self._sending], timeout=timeout_s)
            self._sending.cancel()
            await asyncio.wait([self._sending])
        await self._hang_up()

    async def _send(self) -> None:
        while not await self._tried():
            await self._clock.sleep_until(self._clock.monotonic() + next(self._pauses))

    async def _tried(self) -> bool:
        """One attempt; whether nothing is left to send. A failure closes the connection."""
        try:
            connection = await self._connected()
            while self._left:
                await self._pass_on(connection)
        except (KafkaError, OSError) as error:
            self._log_trouble(describe_error(error))
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
        """Sends all remaining batches; raises the first error of those that failed."""
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
        self._log_recovery()

    def _smaller(self, batch: MessageBatch) -> list[MessageBatch]:
        if len(batch.events) > 1:
            return self._packer.bisect(batch)
        log.warning("the broker rejects a message of %d bytes: event dropped", len(batch.value))
        self._stats.dropped(batch.events[0])
        return []

    def _log_trouble(self, trouble: str) -> None:
        # Once per outage, not per attempt.
        if trouble != self._trouble:
            log.warning("cannot send events, retrying: %s", trouble)
        self._trouble = trouble

    def _log_recovery(self) -> None:
        self._pauses = _growing_pauses()
        if self._trouble is not None:
            totals = self._stats.totals
            log.warning(
                "sending events again; dropped so far: %d samples, %d other events",
                totals.dropped_samples,
                totals.dropped_events,
            )
        self._trouble = None


def _growing_pauses() -> Iterator[float]:
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

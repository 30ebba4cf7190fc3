"""From the simulated fleet to the broker: in order, and not on before all is acknowledged.

Nothing is dropped. While the broker is away the simulation waits; what is sent twice counts once.
"""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Final

import structlog
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    UnknownTopicOrPartitionError,
)

from emit.batch import Batch, Packer
from emit.clock import Clock
from emit.delivery import Connect, Link
from schemas.events import Event

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 5.0

log = structlog.get_logger("emit")


class Channel:
    """A link that is made anew whenever it fails."""

    def __init__(self, packer: Packer, connect: Connect, clock: Clock) -> None:
        self._packer = packer
        self._connect = connect
        self._clock = clock
        self._open = AsyncExitStack()
        self._link: Link | None = None
        self._left: list[Batch] = []
        self._sending: asyncio.Task[None] | None = None
        self.acknowledged = 0

    async def send(self, events: list[Event]) -> None:
        """Returns when the broker has all of them, however long that takes.

        Where this is cancelled, sending goes on until `close`.
        """
        self._left = self._packer.pack(events)
        self._sending = asyncio.create_task(self._deliver())
        await asyncio.shield(self._sending)

    async def close(self, timeout_s: float) -> int:
        """Goes on with what is being sent for so long, then hangs up.

        Returns how many events the broker has not acknowledged.
        """
        if self._sending is not None:
            await asyncio.wait([self._sending], timeout=timeout_s)
            self._sending.cancel()
            await asyncio.wait([self._sending])
        await self._hang_up()
        return sum(len(batch.events) for batch in self._left)

    async def _deliver(self) -> None:
        pauses = _growing_pauses()
        while self._left:
            try:
                await self._pass_on(await self._linked())
            except (KafkaError, OSError) as error:
                pause_s = next(pauses)
                log.warning(
                    "broker does not take events, trying again",
                    error=_told(error),
                    retry_in_s=pause_s,
                )
                await self._hang_up()
                await self._clock.sleep_until(self._clock.monotonic() + pause_s)

    async def _linked(self) -> Link:
        if self._link is None:
            self._link = await self._open.enter_async_context(self._connect())
            log.info("connected")
        return self._link

    async def _hang_up(self) -> None:
        self._link = None
        await self._open.aclose()

    async def _pass_on(self, link: Link) -> None:
        """Tries all that is left; raises what kept the rest from arriving."""
        left: list[Batch] = []
        failures: list[BaseException] = []
        for batch, error in zip(self._left, await link.deliver(self._left), strict=True):
            if error is None:
                self.acknowledged += len(batch.events)
            elif isinstance(error, MessageSizeTooLargeError) and len(batch.events) > 1:
                left += self._packer.halves(batch)
            else:
                left.append(batch)
                failures.append(error)
        self._left = left
        if failures:
            raise failures[0]


def _growing_pauses() -> Iterator[float]:
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def _told(error: BaseException) -> str:
    """A sentence for people; the client's own are empty, or begin with a class name."""
    if isinstance(error, UnknownTopicOrPartitionError):
        return "there is no such topic; `fleetgauge migrate` creates it"
    if isinstance(error, KafkaConnectionError):
        return "no broker answers there"
    return str(error) or type(error).__name__

"""From the buffer to the sender, as it comes, until the buffer has ended."""

import asyncio
from contextlib import suppress
from typing import Final

from emit.buffer import Buffer
from emit.sender import ReconnectingSender
from schemas.events import Event

# At most so many samples and as many other events are in flight.
FLIGHT: Final = 5_000
# What comes within this time goes together.
LINGER_S: Final = 0.1


class Delivery:
    """Takes events from any thread, and delivers them in the loop that `run` is in."""

    def __init__(self, buffer: Buffer, sender: ReconnectingSender) -> None:
        self._buffer = buffer
        self._sender = sender
        self._hurry_at = max(1, min(FLIGHT, buffer.capacity // 2))
        self._loop: asyncio.AbstractEventLoop | None = None
        # Set in the loop's thread: something is there; and: it is worth no more waiting.
        self._arrived = asyncio.Event()
        self._due = asyncio.Event()

    def put(self, event: Event) -> None:
        """Takes the event and returns at once; RuntimeError after `close`."""
        waiting = self._buffer.put(event)
        if waiting == 1:
            self._signal(self._arrived)
        if waiting == self._hurry_at:
            self._signal(self._due)

    def close(self) -> None:
        """Take no more events, and do not wait for company any more; in the loop's thread."""
        self._buffer.close()
        self._arrived.set()
        self._due.set()

    async def run(self) -> None:
        """Returns when it is closed and the broker has all; where it is cancelled, it hangs up."""
        self._loop = asyncio.get_running_loop()
        self._arrived.set()
        try:
            # Nothing yet: connect, or log why not, before the first event.
            await self._sender.send([])
            while not self._buffer.ended:
                await self._until_due()
                await self._sender.send(self._taken())
        finally:
            await self._sender.close()

    async def _until_due(self) -> None:
        """Returns LINGER_S after the first event, or sooner."""
        await self._arrived.wait()
        if len(self._buffer) < FLIGHT:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), LINGER_S)
        # Before the events are taken: what arrives from now on sets them again.
        self._arrived.clear()
        self._due.clear()

    def _taken(self) -> list[Event]:
        events = self._buffer.take(FLIGHT)
        if len(self._buffer):
            self._arrived.set()
        return events

    def _signal(self, event: asyncio.Event) -> None:
        if self._loop is not None:
            # A loop that has ended in the meantime has delivered what was accepted before.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(event.set)

"""Moves events from the buffer to the sender until the buffer is closed and empty."""

import asyncio
from contextlib import suppress
from typing import Final

from emit.buffer import Buffer
from emit.sender import ReconnectingSender
from schemas.events import Event

# Maximum samples in flight, and the same number of other events.
FLIGHT: Final = 5_000
# Events within this time are sent together.
LINGER_S: Final = 0.1


class Delivery:
    """Takes events from any thread, and delivers them in the loop that `run` is in."""

    def __init__(self, buffer: Buffer, sender: ReconnectingSender) -> None:
        self._buffer = buffer
        self._sender = sender
        self._hurry_at = max(1, min(FLIGHT, buffer.capacity // 2))
        self._loop: asyncio.AbstractEventLoop | None = None
        # Set in the loop's thread: an event has arrived; and: enough have arrived to send now.
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
        """Rejects further events and sends the rest without lingering; in the loop's thread."""
        self._buffer.close()
        self._arrived.set()
        self._due.set()

    async def run(self) -> None:
        """Returns when closed and all is acknowledged; cancelling it closes the connection."""
        self._loop = asyncio.get_running_loop()
        self._arrived.set()
        try:
            # An empty list: connect, or log the error, before the first event.
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
        # Cleared before events are taken: later arrivals set them again.
        self._arrived.clear()
        self._due.clear()

    def _taken(self) -> list[Event]:
        events = self._buffer.take(FLIGHT)
        if len(self._buffer):
            self._arrived.set()
        return events

    def _signal(self, event: asyncio.Event) -> None:
        if self._loop is not None:
            # A loop that has ended meanwhile has delivered all accepted events.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(event.set)

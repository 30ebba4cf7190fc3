"""A limit on the bytes of messages in flight."""

import asyncio


class ByteBudget:
    """Limits the bytes between reading and storing; a single batch of any size is admitted."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._taken = 0
        self._released = asyncio.Event()

    async def take(self, nbytes: int) -> None:
        """Waits until a batch of this size fits."""
        while self._taken and self._taken + nbytes > self._max_bytes:
            self._released.clear()
            await self._released.wait()
        self._taken += nbytes

    def release(self, nbytes: int) -> None:
        """Releases the bytes of a stored batch."""
        self._taken -= nbytes
        self._released.set()

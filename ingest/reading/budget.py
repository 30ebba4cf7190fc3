"""How many bytes of messages may be on their way at once."""

import asyncio


class ByteBudget:
    """Bounds what is between reading and storing; one batch is let through whatever its size."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._taken = 0
        self._given_back = asyncio.Event()

    async def take(self, nbytes: int) -> None:
        """Returns when there is room for a batch of this size."""
        while self._taken and self._taken + nbytes > self._max_bytes:
            self._given_back.clear()
            await self._given_back.wait()
        self._taken += nbytes

    def give_back(self, nbytes: int) -> None:
        """A batch of this size is stored."""
        self._taken -= nbytes
        self._given_back.set()

"""Events that wait for the broker: bounded, in order, kept until it has acknowledged them."""

import asyncio
from collections import deque
from itertools import islice
from typing import NamedTuple


class Waiting(NamedTuple):
    """One message: its place in the order of all, and what goes to Kafka."""

    number: int
    key: bytes
    value: bytes


class Outbox:
    """A queue of at most `capacity` messages; the oldest makes room for the newest."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: deque[Waiting] = deque()
        self._put = 0
        self._some = asyncio.Event()
        self._none = asyncio.Event()
        self._none.set()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, key: bytes, value: bytes) -> None:
        """Append a message; where the outbox is full the oldest one is dropped and counted."""
        if len(self._waiting) == self._capacity:
            self._waiting.popleft()
            self.dropped += 1
        self._put += 1
        self._waiting.append(Waiting(self._put, key, value))
        self._some.set()
        self._none.clear()

    async def oldest(self, limit: int) -> list[Waiting]:
        """Awaits a message; returns the oldest ones, `limit` at most, and keeps them."""
        await self._some.wait()
        return list(islice(self._waiting, limit))

    def delivered(self, up_to: int) -> None:
        """Forget the messages up to this number, some of which may have been dropped since."""
        while self._waiting and self._waiting[0].number <= up_to:
            self._waiting.popleft()
        if not self._waiting:
            self._some.clear()
            self._none.set()

    async def emptied(self) -> None:
        """Return once nothing waits."""
        await self._none.wait()

"""Answers kept for a moment: who asks for the same at the same time shares one flight."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, TypeVar, cast

import msgspec
from litestar import MediaType, Response

MAX_ENTRIES: Final = 1_024

Key = tuple[Hashable, ...]
Answer = TypeVar("Answer")
Make = Callable[[], Awaitable[Answer]]


class Answers:
    """Encoded answers by endpoint, user and parameters, the oldest first out.

    Whoever asks has been let in before: a key holds whose data it is, not who reads it. Times are
    of `clock`, in seconds, and only their differences count.
    """

    def __init__(self, kept_ms: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept_s = kept_ms / 1_000
        self._clock = clock
        self._kept: dict[Key, tuple[float, bytes]] = {}
        self._flights: dict[Key, asyncio.Task[bytes]] = {}
        self._headers = {
            "cache-control": f"private, max-age={kept_ms // 1_000}",
            "vary": "authorization",
        }

    async def answer(self, key: Key, make: Make[Answer]) -> Response[Answer]:
        """What `make` returns, as JSON, made anew only where nothing fresh is kept.

        Raises what `make` raises, to all who wait for it; the next one tries anew.
        """
        encoded = await self._encoded(key, make)
        response = Response(encoded, media_type=MediaType.JSON, headers=self._headers)
        # The type is what the description of the service tells of the bytes.
        return cast("Response[Answer]", response)

    async def close(self) -> None:
        """Ends the flights that nobody waits for any more."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    async def _encoded(self, key: Key, make: Make[Any]) -> bytes:
        if self._kept_s == 0:
            return msgspec.json.encode(await make())
        found = self._kept.get(key)
        if found is not None and self._clock() - found[0] < self._kept_s:
            return found[1]
        flight = self._flights.get(key) or self._start(key, make)
        # A client that goes away takes nobody else's answer with it.
        return await asyncio.shield(flight)

    def _start(self, key: Key, make: Make[Any]) -> asyncio.Task[bytes]:
        flight = asyncio.create_task(self._fly(key, make, self._clock()))
        self._flights[key] = flight
        flight.add_done_callback(lambda _: self._flights.pop(key))
        return flight

    async def _fly(self, key: Key, make: Make[Any], began: float) -> bytes:
        encoded = msgspec.json.encode(await make())
        self._keep(key, began, encoded)
        return encoded

    def _keep(self, key: Key, began: float, encoded: bytes) -> None:
        self._kept.pop(key, None)
        self._kept[key] = (began, encoded)
        if len(self._kept) > MAX_ENTRIES:
            del self._kept[next(iter(self._kept))]

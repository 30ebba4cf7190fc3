"""Answers kept for a moment: who asks for the same at the same time shares one flight."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, TypeVar, cast

import msgspec
from litestar import Response
from litestar.response.base import ASGIResponse

MAX_ENTRIES: Final = 1_024

Key = tuple[Hashable, ...]
Answer = TypeVar("Answer")
Make = Callable[[], Awaitable[Answer]]


class Kept(Response[bytes]):
    """An encoded answer, put together once: it is sent as it is to all who get it."""

    def __init__(self, encoded: bytes) -> None:
        super().__init__(encoded)
        self._sent = ASGIResponse(body=encoded)

    def to_asgi_response(self, *_: object, **__: object) -> ASGIResponse:
        """Always the same."""
        return self._sent


class Answers:
    """Encoded answers by endpoint, user and parameters, the oldest first out.

    Whoever asks has been let in before: a key holds whose data it is, not who reads it. Times are
    of `clock`, in seconds, and only their differences count.
    """

    def __init__(self, kept_ms: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept_s = kept_ms / 1_000
        self._clock = clock
        self._kept: dict[Key, tuple[float, Kept]] = {}
        self._flights: dict[Key, asyncio.Task[Kept]] = {}

    async def answer(self, key: Key, make: Make[Answer]) -> Response[Answer]:
        """What `make` returns, as JSON, made anew only where nothing fresh is kept.

        Raises what `make` raises, to all who wait for it; the next one tries anew.
        """
        # The type is what the description of the service tells of the bytes.
        return cast("Response[Answer]", await self._found(key, make))

    async def close(self) -> None:
        """Ends the flights that nobody waits for any more."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    async def _found(self, key: Key, make: Make[Any]) -> Kept:
        if self._kept_s == 0:
            return Kept(msgspec.json.encode(await make()))
        found = self._kept.get(key)
        if found is not None and self._clock() - found[0] < self._kept_s:
            return found[1]
        flight = self._flights.get(key) or self._start(key, make)
        # A client that goes away takes nobody else's answer with it.
        return await asyncio.shield(flight)

    def _start(self, key: Key, make: Make[Any]) -> asyncio.Task[Kept]:
        flight = asyncio.create_task(self._fly(key, make, self._clock()))
        self._flights[key] = flight
        flight.add_done_callback(lambda _: self._flights.pop(key))
        return flight

    async def _fly(self, key: Key, make: Make[Any], began: float) -> Kept:
        answer = Kept(msgspec.json.encode(await make()))
        self._keep(key, began, answer)
        return answer

    def _keep(self, key: Key, began: float, answer: Kept) -> None:
        self._kept.pop(key, None)
        self._kept[key] = (began, answer)
        if len(self._kept) > MAX_ENTRIES:
            del self._kept[next(iter(self._kept))]

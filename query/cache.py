"""A response cache with a short lifetime; concurrent identical requests share one computation."""

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


class CachedResponse(Response[bytes]):
    """An encoded response, built once and sent unchanged to all clients."""

    def __init__(self, encoded: bytes) -> None:
        super().__init__(encoded)
        self._sent = ASGIResponse(body=encoded)

    def to_asgi_response(self, *_: object, **__: object) -> ASGIResponse:
        """Returns the same response each time."""
        return self._sent


class ResponseCache:
    """Encoded responses by endpoint, user and parameters; the oldest is evicted first.

    Requests are authorised before: a key names the user whose data it is, not the reader. `clock`
    returns seconds from any origin.
    """

    def __init__(self, kept_ms: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept_s = kept_ms / 1_000
        self._clock = clock
        self._kept: dict[Key, tuple[float, CachedResponse]] = {}
        self._flights: dict[Key, asyncio.Task[CachedResponse]] = {}

    async def answer(self, key: Key, make: Make[Answer]) -> Response[Answer]:
        """The result of `make` as JSON; calls `make` only without a fresh cached response.

        An exception of `make` reaches all waiting requests; the next request calls it again.
        """
        # The declared type is for the OpenAPI document.
        return cast("Response[Answer]", await self._found(key, make))

    async def close(self) -> None:
        """Cancels computations that are still running."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    async def _found(self, key: Key, make: Make[Any]) -> CachedResponse:
        if self._kept_s == 0:
            return CachedResponse(msgspec.json.encode(await make()))
        found = self._kept.get(key)
        if found is not None and self._clock() - found[0] < self._kept_s:
            return found[1]
        flight = self._flights.get(key) or self._start(key, make)
        # A client that disconnects must not cancel the computation for others.
        return await asyncio.shield(flight)

    def _start(self, key: Key, make: Make[Any]) -> asyncio.Task[CachedResponse]:
        flight = asyncio.create_task(self._compute(key, make, self._clock()))
        self._flights[key] = flight
        flight.add_done_callback(lambda _: self._flights.pop(key))
        return flight

    async def _compute(self, key: Key, make: Make[Any], began: float) -> CachedResponse:
        answer = CachedResponse(msgspec.json.encode(await make()))
        self._keep(key, began, answer)
        return answer

    def _keep(self, key: Key, began: float, answer: CachedResponse) -> None:
        self._kept.pop(key, None)
        self._kept[key] = (began, answer)
        if len(self._kept) > MAX_ENTRIES:
            del self._kept[next(iter(self._kept))]

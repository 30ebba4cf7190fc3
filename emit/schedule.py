"""When to sample: ticks that do not drift."""

import math
from collections.abc import AsyncIterator

from emit.clock import Clock


async def ticks(clock: Clock, interval_s: float) -> AsyncIterator[int]:
    """Yields n at `n * interval_s` seconds after the call, n from 1.

    A tick that is over when the consumer comes back is left out, never made up for.
    """
    begun = clock.monotonic()
    n = 0
    while True:
        passed = math.floor((clock.monotonic() - begun) / interval_s)
        n = max(n, passed) + 1
        await clock.sleep_until(begun + n * interval_s)
        yield n

"""Sampling times: ticks that do not drift."""

import math
from collections.abc import AsyncIterator
from typing import Final

from emit.clock import Clock

SHORTEST_S: Final = 0.1
LONGEST_S: Final = 86_400.0


def checked_interval(name: str, interval_s: float) -> float:
    """Returns `interval_s`; raises ValueError that names it `name` if it is out of bounds."""
    if not SHORTEST_S <= interval_s <= LONGEST_S:
        raise ValueError(f"{name} takes {SHORTEST_S} to {LONGEST_S:.0f} seconds, not {interval_s}")
    return interval_s


async def ticks(clock: Clock, interval_s: float) -> AsyncIterator[int]:
    """Yields n at `n * interval_s` seconds after the call, n from 1.

    Ticks that pass while the consumer is busy are skipped.
    """
    begun = clock.monotonic()
    n = 0
    while True:
        passed = math.floor((clock.monotonic() - begun) / interval_s)
        n = max(n, passed) + 1
        await clock.sleep_until(begun + n * interval_s)
        yield n

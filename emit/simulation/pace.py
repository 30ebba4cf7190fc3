"""Limits the events a second."""

from math import inf

from emit.clock import Clock


class Pace:
    """Spreads events evenly; idle time is not made up for."""

    def __init__(self, clock: Clock, events_a_second: float = inf) -> None:
        self._clock = clock
        self._events_a_second = events_a_second
        self._free_at_s = clock.monotonic()

    @property
    def flight(self) -> float:
        """The events of one second, at least 1; inf without a limit."""
        return max(1.0, self._events_a_second)

    async def turn(self, events: int) -> None:
        """Returns when this number of events may be sent."""
        await self._clock.sleep_until(self._free_at_s)
        self._free_at_s = (
            max(self._free_at_s, self._clock.monotonic()) + events / self._events_a_second
        )

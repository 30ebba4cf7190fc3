"""The simulated fleet: the events of any window, determined only by the seed and the time."""

from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache

from emit.simulation.audience import audience
from emit.simulation.business import Timed, business
from emit.simulation.drill import Incident
from emit.simulation.moments import days
from emit.simulation.roster import User, agents, users
from emit.simulation.timeline import Life
from schemas.events import Event


class Trade:
    """One user's business in any window."""

    def __init__(self, user: User) -> None:
        self._user = user
        self._day = lru_cache(maxsize=2)(self._compute)

    def events(self, begin_us: int, end_us: int) -> list[Event]:
        """Payments, bookings, fans, plays and skills, in order of time."""
        return [
            event
            for day in days(begin_us, end_us)
            for event in _between(self._day(day), begin_us, end_us)
        ]

    def _compute(self, day: int) -> list[Timed]:
        timed = [*business(self._user, day), *audience(self._user, day)]
        return sorted(timed, key=lambda one: one[0])


def _between(timed: list[Timed], begin_us: int, end_us: int) -> Iterator[Event]:
    first = bisect_left(timed, begin_us, key=lambda one: one[0])
    last = bisect_left(timed, end_us, key=lambda one: one[0])
    return (event for _, event in timed[first:last])


class SimulatedFleet:
    """`agents_number` agents of `users_number` users that sample every `interval_us` when live."""

    def __init__(
        self,
        seed: int,
        agents_number: int,
        users_number: int,
        interval_us: int,
        incident: Incident | None = None,
    ) -> None:
        self.interval_us = interval_us
        of = users(seed, users_number)
        self.trades = [Trade(user) for user in of]
        self.lives = [
            Life(agent, interval_us, incident.of(number, users_number) if incident else None)
            for number, agent in enumerate(agents(of, agents_number))
        ]

    def events(self, begin_us: int, end_us: int) -> list[Event]:
        """All events in a window of the live fleet, source by source, each in order of time."""
        found: list[Event] = []
        for life in self.lives:
            found += life.changes(begin_us, end_us)
            found += life.samples(begin_us, end_us, self.interval_us)
        for trade in self.trades:
            found += trade.events(begin_us, end_us)
        return found

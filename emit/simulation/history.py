"""The history of a simulated fleet, in portions that bound the memory."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from emit.simulation.fleet import SimulatedFleet
from emit.simulation.moments import DAY_US, days
from emit.simulation.scenario import Scenario
from emit.simulation.timeline import Life
from schemas.events import Event

# Business goes this many times further back than samples, since its figures compare months.
BUSINESS_SPANS: Final = 6

Window = tuple[int, int]


class Stage(NamedTuple):
    """A part of the history: a number of portions, each in order of time."""

    what: str
    portions: int
    events: Iterator[list[Event]]


def history(fleet: SimulatedFleet, scenario: Scenario) -> list[Stage]:
    """The users' business, then the agents' events: the oldest day of all users or agents first."""
    begin_us, start_us = scenario.begin_us, scenario.start_us
    samples = windows(begin_us, start_us)
    business = windows(start_us - BUSINESS_SPANS * (start_us - begin_us), start_us)
    return [
        Stage(
            f"business of {scenario.users} users",
            len(business) * len(fleet.trades),
            (trade.events(*window) for window in business for trade in fleet.trades),
        ),
        Stage(
            f"samples of {scenario.agents} agents",
            len(samples) * len(fleet.lives),
            (_past(life, w, scenario) for w in samples for life in fleet.lives),
        ),
    ]


def windows(begin_us: int, end_us: int) -> list[Window]:
    """The window, split at every midnight."""
    return [
        (max(begin_us, day * DAY_US), min(end_us, (day + 1) * DAY_US))
        for day in days(begin_us, end_us)
    ]


def flights(portions: Iterable[list[Event]], most: int) -> Iterator[list[Event]]:
    """The same events, `most` at a time."""
    waiting: list[Event] = []
    for portion in portions:
        waiting += portion
        while len(waiting) >= most:
            yield waiting[:most]
            del waiting[:most]
    if waiting:
        yield waiting


def _past(life: Life, window: Window, scenario: Scenario) -> list[Event]:
    begin_us, end_us = window
    found = life.changes(begin_us, end_us)
    found += life.samples(begin_us, end_us, scenario.backfill_interval_us)
    if end_us == scenario.start_us:
        # From the last coarse sample on, so that no messages are missing before the live ones.
        last_us = life.newest_before(end_us, scenario.backfill_interval_us)
        found += life.samples(max(begin_us, last_us + 1), end_us, scenario.interval_us)
    return found

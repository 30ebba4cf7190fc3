"""Small simulated fleets, and what they send."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from emit.simulation.fleet import SimulatedFleet
from emit.simulation.history import history
from emit.simulation.moments import micros
from emit.simulation.scenario import Scenario, Words, scenario
from schemas.events import Event

NOW = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
LIMIT = timedelta(days=31)


def planned(
    agents: int = 50, users: int = 5, interval_s: float = 60, backfill: str = "30d", seed: int = 1
) -> Scenario:
    """A scenario that goes live at NOW."""
    words = Words(agents=agents, users=users, interval_s=interval_s, backfill=backfill, seed=seed)
    return scenario(words, NOW, LIMIT)


def simulated(of: Scenario) -> SimulatedFleet:
    return SimulatedFleet(of.seed, of.agents, of.users, of.interval_us, of.incident)


def past(of: Scenario) -> Iterator[Event]:
    """The whole history, in the order in which it is sent."""
    for stage in history(simulated(of), of):
        for portion in stage.events:
            yield from portion


def encoded(of: Scenario) -> bytes:
    """The history and the hour after it, byte for byte."""
    live = simulated(of).events(micros(NOW), micros(NOW + timedelta(hours=1)))
    return msgspec.json.encode([*past(of), *live])

"""The plan of an agent for one UTC day: deployments, failures, stops, bursts of errors.

Nothing crosses midnight, so that a day does not depend on its neighbours.
"""

import random
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from emit.simulation.moments import DAY_US, MINUTE_US, SECOND_US
from emit.simulation.roster import SimulatedAgent
from emit.simulation.seasonality import moment
from emit.simulation.seeded import draws, pick
from schemas.events import AgentStatus

_FAILURES: Final = (
    "out of memory",
    "lost its connection to the model",
    "killed by the watchdog",
    "unhandled exception",
    "certificate expired",
)
_STOPS: Final = ("maintenance", "scaled down", "configuration changed")
_MOST_US: Final = 60 * MINUTE_US
_APART_US: Final = 10 * MINUTE_US
_REMOVAL_US: Final = 5 * MINUTE_US


class Outage(NamedTuple):
    """The agent is silent in this window; at its end it runs again, unless it was removed."""

    begin_us: int
    end_us: int
    status: AgentStatus
    reason: str


class Burst(NamedTuple):
    """In this window a share of messages, `severity`, fails, and responses take longer."""

    begin_us: int
    end_us: int
    severity: float


class Rollout(NamedTuple):
    """A deployment, from pending to its outcome."""

    begin_us: int
    end_us: int
    status: Literal["succeeded", "failed"]


class Piece(NamedTuple):
    """A part of the day in which the agent is up; `severity` is 0 without trouble."""

    begin_us: int
    end_us: int
    severity: float


class Plan(NamedTuple):
    """One day of one agent; outages are in order and do not overlap."""

    rollouts: list[Rollout]
    outages: list[Outage]
    bursts: list[Burst]

    def up(self, begin_us: int, end_us: int) -> Iterator[Piece]:
        """The pieces of a window in which the agent is up, in order."""
        edges = {begin_us, end_us}
        troubles: list[Outage | Burst] = [*self.outages, *self.bursts]
        for trouble in troubles:
            for edge in (trouble.begin_us, trouble.end_us):
                edges.add(min(max(edge, begin_us), end_us))
        for begin, end in pairwise(sorted(edges)):
            if not any(outage.begin_us <= begin < outage.end_us for outage in self.outages):
                yield Piece(begin, end, self._severity(begin))

    def _severity(self, at_us: int) -> float:
        within = (b.severity for b in self.bursts if b.begin_us <= at_us < b.end_us)
        return max(within, default=0.0)


def plan(agent: SimulatedAgent, day: int) -> Plan:
    """The plan, deterministic for an agent and a day."""
    rng = draws(agent.key, "plan", day)
    rollouts = list(_rollouts(rng, agent, day))
    bursts = [_burst(rng, _somewhen(rng, day))] if rng.random() < 0.5 else []
    outages = list(_removal(agent, day))
    for rollout in rollouts:
        outages.append(_after(rng, rollout))
        if rollout.status == "failed":
            bursts.append(Burst(rollout.end_us, outages[-1].begin_us, 0.35))
    if rng.random() < 0.06:
        crash = _outage(rng, day, "failed", pick(rng, _FAILURES))
        outages.append(crash)
        bursts.append(Burst(crash.begin_us - 4 * MINUTE_US, crash.begin_us, 0.25))
    if rng.random() < 0.05:
        outages.append(_outage(rng, day, "stopped", pick(rng, _STOPS)))
    return Plan(rollouts, _apart(outages), bursts)


def _somewhen(rng: random.Random, day: int) -> int:
    """A time that leaves room for trouble before it and for the longest trouble after it."""
    room_us = DAY_US - 2 * _MOST_US - _REMOVAL_US
    return day * DAY_US + _APART_US + int(rng.random() * room_us / SECOND_US) * SECOND_US


def _lasting(rng: random.Random, least_s: int, most_s: int) -> int:
    return int(least_s + (most_s - least_s) * rng.random()) * SECOND_US


def _rollouts(rng: random.Random, agent: SimulatedAgent, day: int) -> Iterator[Rollout]:
    if rng.random() >= 0.15:
        return
    # Not in the last hours, to leave room for the trouble after a failed one.
    wanted = moment(rng, day, agent.user.offset_us)
    begin = min(wanted, day * DAY_US + DAY_US - 2 * _MOST_US - _REMOVAL_US)
    end = begin + _lasting(rng, 40, 400)
    yield Rollout(begin, end, "failed" if rng.random() < 0.15 else "succeeded")


def _after(rng: random.Random, rollout: Rollout) -> Outage:
    if rollout.status == "succeeded":
        begin = rollout.end_us - _lasting(rng, 15, 38)
        return Outage(begin, rollout.end_us, "stopped", "restarted with a new version")
    begin = rollout.end_us + _lasting(rng, 120, 600)
    reason = "crashed after a failed deployment"
    return Outage(begin, begin + _lasting(rng, 600, 3_000), "failed", reason)


def _burst(rng: random.Random, begin_us: int) -> Burst:
    return Burst(begin_us, begin_us + _lasting(rng, 300, 2_400), 0.04 + 0.25 * rng.random() ** 2)


def _outage(
    rng: random.Random, day: int, status: Literal["stopped", "failed"], reason: str
) -> Outage:
    begin = _somewhen(rng, day)
    return Outage(begin, begin + _lasting(rng, 180, 3_600), status, reason)


def _removal(agent: SimulatedAgent, day: int) -> Iterator[Outage]:
    if agent.generation(day + 1) != agent.generation(day):
        end = (day + 1) * DAY_US
        yield Outage(end - _REMOVAL_US, end, "removed", "replaced by its successor")


def _apart(outages: list[Outage]) -> list[Outage]:
    """In order of time, without those too close to one earlier in the list."""
    kept: list[Outage] = []
    for one in outages:
        if all(
            one.end_us + _APART_US < other.begin_us or other.end_us + _APART_US < one.begin_us
            for other in kept
        ):
            kept.append(one)
    return sorted(kept)

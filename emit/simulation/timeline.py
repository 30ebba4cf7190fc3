"""One simulated agent's events in any window: samples, states, deployments."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from emit.simulation.drill import Affliction
from emit.simulation.incidents import Plan, Rollout, plan
from emit.simulation.moments import DAY_US, MINUTE_US, days, time_of
from emit.simulation.roster import SimulatedAgent
from emit.simulation.workload import Curves, curves, sample
from schemas.events import AgentStatus, Deployment, DeploymentStatus, Event, Sample, Status


class _Day(NamedTuple):
    """Values computed once per day; `changes` are all events but samples, in order of time."""

    begin_us: int
    agent_id: str
    plan: Plan
    curves: Curves
    changes: list[tuple[int, Event]]


class Life:
    """An agent over time. Windows may be requested in any order and repeatedly."""

    def __init__(
        self, agent: SimulatedAgent, interval_us: int, affliction: Affliction | None = None
    ) -> None:
        self._agent = agent
        self._affliction = affliction
        self._phase_us = agent.phase_us(interval_us)
        # The current day of a live fleet, and its neighbour.
        self._day = lru_cache(maxsize=2)(self._compute)

    def newest_before(self, end_us: int, interval_us: int) -> int:
        """Time of the last sample of this interval before `end_us`."""
        return (end_us - 1 - self._phase_us) // interval_us * interval_us + self._phase_us

    def changes(self, begin_us: int, end_us: int) -> list[Event]:
        """Status events and deployments, in order of time."""
        return [
            event
            for day in days(begin_us, end_us)
            for at_us, event in self._day(day).changes
            if begin_us <= at_us < end_us
        ]

    def samples(self, begin_us: int, end_us: int, interval_us: int) -> list[Event]:
        """A sample every `interval_us` while the agent is up, in order of time."""
        return [
            one
            for day in days(begin_us, end_us)
            for one in self._samples(self._day(day), begin_us, end_us, interval_us)
        ]

    def _samples(self, day: _Day, begin_us: int, end_us: int, interval_us: int) -> Iterator[Sample]:
        begin, end = max(begin_us, day.begin_us), min(end_us, day.begin_us + DAY_US)
        for piece in day.plan.up(begin, end):
            first = self.newest_before(piece.begin_us, interval_us) + interval_us
            for at in range(first, piece.end_us, interval_us):
                yield sample(self._agent, day.agent_id, day.curves, at, interval_us, piece.severity)

    def _compute(self, day: int) -> _Day:
        planned = plan(self._agent, day)
        if self._affliction:
            planned = self._affliction.applied_to(planned)
        agent_id = self._agent.agent_id(day)
        changes = [*self._states(planned, day, agent_id), *self._rollouts(planned, agent_id)]
        return _Day(
            day * DAY_US,
            agent_id,
            planned,
            curves(self._agent, day),
            # An incident may cross midnight and then is in the plans of two days.
            sorted(
                (change for change in changes if change[0] // DAY_US == day),
                key=lambda change: change[0],
            ),
        )

    def _states(self, planned: Plan, day: int, agent_id: str) -> Iterator[tuple[int, Event]]:
        if self._agent.agent_id(day - 1) != agent_id:
            yield self._state(day * DAY_US, agent_id, "running", "takes over from its predecessor")
        for outage in planned.outages:
            yield self._state(outage.begin_us, agent_id, outage.status, outage.reason)
            if outage.status != "removed":
                yield self._state(outage.end_us, agent_id, "running", "recovered")

    def _state(
        self, at_us: int, agent_id: str, status: AgentStatus, reason: str
    ) -> tuple[int, Event]:
        user_id = self._agent.user.user_id
        return at_us, Status(
            user_id=user_id, agent_id=agent_id, ts=time_of(at_us), status=status, reason=reason
        )

    def _rollouts(self, planned: Plan, agent_id: str) -> Iterator[tuple[int, Event]]:
        for rollout in planned.rollouts:
            yield self._deployment(rollout, rollout.begin_us, agent_id, "pending")
            yield self._deployment(rollout, rollout.end_us, agent_id, rollout.status)

    def _deployment(
        self, rollout: Rollout, at_us: int, agent_id: str, status: DeploymentStatus
    ) -> tuple[int, Event]:
        return at_us, Deployment(
            user_id=self._agent.user.user_id,
            deployment_id=f"deploy-{self._agent.name}-{rollout.begin_us // MINUTE_US}",
            agent_id=agent_id,
            ts=time_of(at_us),
            status=status,
        )

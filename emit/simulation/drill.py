"""An incident at known times: an agent fails, a user's error rate rises, a deployment fails.

It replaces other simulated trouble of these agents in the same time. Its agents and times do not
depend on the seed.
"""

from typing import Final, NamedTuple

from emit.simulation.incidents import Burst, Outage, Plan, Rollout
from emit.simulation.moments import DAY_US, MINUTE_US

# Starts before the live part, so that it is visible at once.
LEAD_US: Final = 120 * MINUTE_US
ERRORS_AFTER_US: Final = 30 * MINUTE_US
DEPLOYED_AFTER_US: Final = 60 * MINUTE_US
DEPLOYMENT_TAKES_US: Final = 5 * MINUTE_US
CRASHES_AFTER_US: Final = 2 * MINUTE_US
LASTS_US: Final = DAY_US
ERROR_SHARE: Final = 0.6


class Affliction(NamedTuple):
    """One agent's part of an incident in [begin_us, end_us); `rollout` ends in `outage`."""

    begin_us: int
    end_us: int
    outage: Outage | None = None
    burst: Burst | None = None
    rollout: Rollout | None = None

    def applied_to(self, plan: Plan) -> Plan:
        """A day's plan with this incident in place of the random ones in the same time."""
        outages = [one for one in plan.outages if self._is_apart(one)]
        bursts = [one for one in plan.bursts if self._is_apart(one)]
        rollouts = [one for one in plan.rollouts if self._is_apart(one)]
        if self.rollout:
            rollouts = [*rollouts, self.rollout]
        if self.outage:
            outages = sorted([*outages, self.outage])
        if self.burst:
            bursts = [*bursts, self.burst]
        return Plan(rollouts, outages, bursts)

    def _is_apart(self, trouble: Outage | Burst | Rollout) -> bool:
        return trouble.end_us <= self.begin_us or trouble.begin_us >= self.end_us


class Incident(NamedTuple):
    """The first agent (of `user-1`) fails at `begin_us`. Half an hour later most messages of the
    second user fail. An hour after the start a deployment to the third agent fails, then the
    agent. The incident lasts a day.
    """

    begin_us: int

    def of(self, number: int, users: int) -> Affliction | None:
        """The part of the agent with this number, from 0; agents are dealt to users in turn."""
        end_us = self.begin_us + LASTS_US
        if number == 0:
            fails = Outage(self.begin_us, end_us, "failed", "out of memory")
            return Affliction(self.begin_us, end_us, outage=fails)
        if number == 2:
            return self._deployed(end_us)
        if number % users == 1 % users:
            burst = Burst(self.begin_us + ERRORS_AFTER_US, end_us, ERROR_SHARE)
            return Affliction(self.begin_us, end_us, burst=burst)
        return None

    def _deployed(self, end_us: int) -> Affliction:
        pending_us = self.begin_us + DEPLOYED_AFTER_US
        failed_us = pending_us + DEPLOYMENT_TAKES_US
        crash_us = failed_us + CRASHES_AFTER_US
        return Affliction(
            self.begin_us,
            end_us,
            outage=Outage(crash_us, end_us, "failed", "crashed after a failed deployment"),
            burst=Burst(failed_us, crash_us, ERROR_SHARE),
            rollout=Rollout(pending_us, failed_us, "failed"),
        )

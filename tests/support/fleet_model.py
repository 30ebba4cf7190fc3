"""An agent's row by the contract, computed from all its samples and statuses.

Written in plain Python from http-api.md alone, independently of `sql/`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

ORDER: Final = ("running", "stopped", "failed", "removed")
FRESH: Final = timedelta(minutes=5)
GRACE: Final = timedelta(seconds=30)
BUCKET: Final = timedelta(minutes=5)
DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Status:
    """A status event."""

    ts: datetime
    status: str
    reason: str = ""


@dataclass(frozen=True)
class Sampled:
    """A sample's time and counts."""

    ts: datetime
    messages: int = 0
    errors: int = 0


@dataclass
class Life:
    """All events of an agent, in any order."""

    statuses: list[Status] = field(default_factory=list)
    samples: list[Sampled] = field(default_factory=list)

    def row(self, now: datetime, buckets: int) -> dict[str, Any]:
        """State, since, reason, silent, and sums over this number of 5-minute buckets."""
        state, since, reason = self.state(now)
        current = now - (now - now.replace(hour=0, minute=0, second=0, microsecond=0)) % BUCKET
        starts = current - (buckets - 1) * BUCKET
        counted = [one for one in self.samples if starts <= one.ts < current + BUCKET]
        return {
            "state": state,
            "since": since,
            "reason": reason,
            "silent": not self._is_fresh(now),
            "messages": sum(one.messages for one in counted),
            "errors": sum(one.errors for one in counted),
            "uptime": self._uptime(now, current),
        }

    def state(self, now: datetime) -> tuple[str, datetime, str]:
        """The effective state, when it began, and the reason of the event that caused it."""
        times = sorted(one.ts for one in self.samples)
        removed = [one.ts for one in self.statuses if one.status == "removed"]
        running = [one.ts for one in self.statuses if one.status == "running"]
        if not self.statuses:
            since = times[0] if self._is_fresh(now) else times[-1]
            return ("active" if self._is_fresh(now) else "inactive"), since, ""
        newest = max(self.statuses, key=lambda one: (one.ts, ORDER.index(one.status)))
        if removed and (not running or max(removed) >= max(running)):
            return "removed", max(removed), newest.reason if newest.status == "removed" else ""
        later = [ts for ts in times if ts > newest.ts + GRACE]
        if newest.status != "running" and not later:
            return ("failed" if newest.status == "failed" else "inactive"), newest.ts, newest.reason
        if self._is_fresh(now):
            of_event = newest.status == "running"
            return "active", newest.ts if of_event else later[0], newest.reason if of_event else ""
        # Silent, unless it was removed since and is back, or never sent a sample.
        if not times or (removed and max(removed) > times[-1] and newest.status == "running"):
            return "inactive", newest.ts, newest.reason
        return "inactive", times[-1], ""

    def _is_fresh(self, now: datetime) -> bool:
        return any(one.ts > now - FRESH for one in self.samples)

    def _uptime(self, now: datetime, current: datetime) -> float:
        begin = now.replace(hour=0, minute=0, second=0, microsecond=0) - 29 * DAY
        up = {_bucket(one.ts) for one in self.samples if begin <= one.ts < current}
        if not self.samples:
            return 0.0
        first = max(begin, _bucket(min(one.ts for one in self.samples)))
        buckets = (current - first) // BUCKET
        return round(100 * len(up) / buckets, 2) if buckets > 0 else 0.0


def _bucket(ts: datetime) -> datetime:
    return ts - (ts - ts.replace(hour=0, minute=0, second=0, microsecond=0)) % BUCKET


def counts(lives: Sequence[Life], now: datetime) -> dict[str, int]:
    """The number of agents in each state."""
    states = [life.state(now)[0] for life in lives]
    return {state: states.count(state) for state in ("active", "inactive", "failed", "removed")}

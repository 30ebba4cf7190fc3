"""Bounded, thread-safe buffer of events that wait for the broker; counts every event."""

from collections import deque
from typing import TypeVar

import msgspec

from emit.counts import ActivityCounts
from emit.stats import DeliveryStats
from schemas.events import Event, Sample

_E = TypeVar("_E")


class CarryingSample(
    Sample, tag="sample", frozen=True, gc=False, kw_only=True, rename="camel", omit_defaults=True
):
    """A sample that includes the counts of `dropped_samples` earlier ones of its agent.

    `dropped_events`: other events that this emitter has dropped since its last report of them.
    """

    dropped_samples: int = 0
    dropped_events: int = 0


class Carryover(msgspec.Struct, frozen=True, gc=False):
    """Counts of dropped samples, to be added to the agent's next sample."""

    counts: ActivityCounts = ActivityCounts()
    samples: int = 0


_NOTHING = Carryover()


class Buffer(DeliveryStats):
    """A queue of at most `capacity` events that never blocks.

    When it is full, it drops the oldest sample and adds its counts to the next sample taken of the
    same agent. It drops the oldest other event only if no sample is waiting.
    """

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.capacity = capacity
        self._samples: deque[Sample] = deque()
        self._events: deque[Event] = deque()
        self._carried: dict[tuple[str, str], Carryover] = {}
        self._unreported_events = 0
        self._closed = False

    def __len__(self) -> int:
        return len(self._samples) + len(self._events)

    @property
    def ended(self) -> bool:
        """Whether it is closed and empty."""
        with self._lock:
            return self._closed and not len(self)

    def put(self, event: Event) -> int:
        """Adds an event; returns the number of waiting ones. Raises RuntimeError after `close`."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the emitter is closed")
            self.accepted(1)
            if isinstance(event, Sample):
                self._samples.append(event)
            else:
                self._events.append(event)
            if len(self) > self.capacity:
                self.dropped((self._samples or self._events).popleft())
            return len(self)

    def take(self, limit: int) -> list[Event]:
        """Takes the oldest events and samples, at most `limit` of each; they count as waiting until
        `acknowledged` or `dropped`."""
        with self._lock:
            events = _first(self._events, limit)
            return events + [self._settled(sample) for sample in _first(self._samples, limit)]

    def dropped(self, event: Event) -> None:
        """Records an event that is lost; a later sample reports it."""
        with self._lock:
            super().dropped(event)
            if isinstance(event, Sample):
                agent = (event.user_id, event.agent_id)
                owed = self._carried.get(agent, _NOTHING)
                self._carried[agent] = Carryover(
                    owed.counts + ActivityCounts.of(event), owed.samples + 1
                )
            else:
                self._unreported_events += 1

    def close(self) -> None:
        """Rejects further events."""
        with self._lock:
            self._closed = True

    def _settled(self, sample: Sample) -> Sample:
        # Samples leave in order: owed counts are older than this sample and newer than those sent.
        agent = (sample.user_id, sample.agent_id)
        owed = self._carried.pop(agent, _NOTHING)
        if owed is _NOTHING and not self._unreported_events:
            return sample
        reported, rest = (ActivityCounts.of(sample) + owed.counts).for_one_sample()
        if rest != ActivityCounts():
            self._carried[agent] = Carryover(rest)
        dropped, self._unreported_events = self._unreported_events, 0
        return _carrying(sample, reported, owed.samples, dropped)


def _first(waiting: deque[_E], limit: int) -> list[_E]:
    return [waiting.popleft() for _ in range(min(limit, len(waiting)))]


def _carrying(
    sample: Sample, reported: ActivityCounts, samples: int, events: int
) -> CarryingSample:
    own = {name: getattr(sample, name) for name in Sample.__struct_fields__}
    own |= {
        "messages": reported.messages,
        "errors": reported.errors,
        "response_ms": reported.mean_ms,
    }
    return CarryingSample(**own, dropped_samples=samples, dropped_events=events)

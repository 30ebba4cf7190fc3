"""Events that wait for the broker: bounded, from any thread, and every one accounted for."""

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
    """A sample with the counts of `dropped_samples` earlier ones of its agent in its own.

    `dropped_events`: events that were no samples and that this emitter has dropped since it last
    said so.
    """

    dropped_samples: int = 0
    dropped_events: int = 0


class Carryover(msgspec.Struct, frozen=True, gc=False):
    """What an agent's next sample has to say besides its own."""

    counts: ActivityCounts = ActivityCounts()
    samples: int = 0


_NOTHING = Carryover()


class Buffer(DeliveryStats):
    """A queue of at most `capacity` events; taking them makes room, and never waits.

    Where it is full, the oldest sample goes: its counts go out with the next sample taken of its
    agent. Only where no sample waits, the oldest event goes.
    """

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.capacity = capacity
        self._samples: deque[Sample] = deque()
        self._events: deque[Event] = deque()
        self._carried: dict[tuple[str, str], Carryover] = {}
        self._untold_events = 0
        self._closed = False

    def __len__(self) -> int:
        return len(self._samples) + len(self._events)

    @property
    def ended(self) -> bool:
        """Nothing more will come out."""
        with self._lock:
            return self._closed and not len(self)

    def put(self, event: Event) -> int:
        """Returns how many events wait now; RuntimeError after `close`."""
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
        """The oldest events and samples, at most `limit` of each; they count as waiting until
        `acknowledged` or `dropped`."""
        with self._lock:
            events = _first(self._events, limit)
            return events + [self._settled(sample) for sample in _first(self._samples, limit)]

    def dropped(self, event: Event) -> None:
        """The broker will never have this one; a later sample tells."""
        with self._lock:
            super().dropped(event)
            if isinstance(event, Sample):
                agent = (event.user_id, event.agent_id)
                owed = self._carried.get(agent, _NOTHING)
                self._carried[agent] = Carryover(
                    owed.counts + ActivityCounts.of(event), owed.samples + 1
                )
            else:
                self._untold_events += 1

    def close(self) -> None:
        """Take no more events."""
        with self._lock:
            self._closed = True

    def _settled(self, sample: Sample) -> Sample:
        # Samples leave in order: what is owed is older than this one and newer than what has left.
        agent = (sample.user_id, sample.agent_id)
        owed = self._carried.pop(agent, _NOTHING)
        if owed is _NOTHING and not self._untold_events:
            return sample
        said, rest = (ActivityCounts.of(sample) + owed.counts).for_one_sample()
        if rest != ActivityCounts():
            self._carried[agent] = Carryover(rest)
        untold, self._untold_events = self._untold_events, 0
        return _carrying(sample, said, owed.samples, untold)


def _first(waiting: deque[_E], limit: int) -> list[_E]:
    return [waiting.popleft() for _ in range(min(limit, len(waiting)))]


def _carrying(sample: Sample, said: ActivityCounts, samples: int, events: int) -> CarryingSample:
    own = {name: getattr(sample, name) for name in Sample.__struct_fields__}
    own |= {"messages": said.messages, "errors": said.errors, "response_ms": said.mean_ms}
    return CarryingSample(**own, dropped_samples=samples, dropped_events=events)

"""What has become of the events, in numbers that add up."""

import threading

import msgspec

from schemas.events import Event, Sample


class Totals(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What became of the events: accepted = acknowledged + dropped_samples + dropped_events
    + waiting. After the emitter has closed, those that still wait are lost, as far as it knows.
    """

    accepted: int = 0
    acknowledged: int = 0
    dropped_samples: int = 0
    dropped_events: int = 0
    waiting: int = 0


class DeliveryStats:
    """Counts from any thread."""

    def __init__(self) -> None:
        # Reentrant: a signal handler may send while its own thread is in here.
        self._lock = threading.RLock()
        self._accepted = 0
        self._acknowledged = 0
        self._dropped_samples = 0
        self._dropped_events = 0

    @property
    def totals(self) -> Totals:
        """A snapshot, whose sum holds."""
        with self._lock:
            gone = self._acknowledged + self._dropped_samples + self._dropped_events
            return Totals(
                accepted=self._accepted,
                acknowledged=self._acknowledged,
                dropped_samples=self._dropped_samples,
                dropped_events=self._dropped_events,
                waiting=self._accepted - gone,
            )

    def accepted(self, events: int) -> None:
        """So many more are to be delivered."""
        with self._lock:
            self._accepted += events

    def acknowledged(self, events: int) -> None:
        """The broker has so many of them."""
        with self._lock:
            self._acknowledged += events

    def dropped(self, event: Event) -> None:
        """The broker will never have this one."""
        with self._lock:
            if isinstance(event, Sample):
                self._dropped_samples += 1
            else:
                self._dropped_events += 1

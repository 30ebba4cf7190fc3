"""Counts of events by outcome."""

import threading

import msgspec

from schemas.events import Event, Sample


class Totals(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Events by outcome: accepted = acknowledged + dropped_samples + dropped_events + waiting.

    Events that are still waiting after `close` are lost, as far as the emitter knows.
    """

    accepted: int = 0
    acknowledged: int = 0
    dropped_samples: int = 0
    dropped_events: int = 0
    waiting: int = 0


class DeliveryStats:
    """Thread-safe counters."""

    def __init__(self) -> None:
        # Reentrant: a signal handler may send while its thread holds the lock.
        self._lock = threading.RLock()
        self._accepted = 0
        self._acknowledged = 0
        self._dropped_samples = 0
        self._dropped_events = 0

    @property
    def totals(self) -> Totals:
        """A consistent snapshot."""
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
        """Counts events to be delivered."""
        with self._lock:
            self._accepted += events

    def acknowledged(self, events: int) -> None:
        """Counts events that the broker has acknowledged."""
        with self._lock:
            self._acknowledged += events

    def dropped(self, event: Event) -> None:
        """Counts an event that will not be delivered."""
        with self._lock:
            if isinstance(event, Sample):
                self._dropped_samples += 1
            else:
                self._dropped_events += 1

"""Packs events into messages: one key each, with limits of 1,000 events and of bytes."""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

import msgspec

from schemas.events import MAX_EVENTS_A_MESSAGE, Event, Sample

Encoding = Literal["json", "msgpack"]
Headers = list[tuple[str, bytes]]

_ENCODERS: Final[dict[str, msgspec.json.Encoder | msgspec.msgpack.Encoder]] = {
    "json": msgspec.json.Encoder(),
    "msgpack": msgspec.msgpack.Encoder(),
}
_HEADERS: Final[dict[str, Headers]] = {
    "json": [],
    "msgpack": [("content-type", b"application/msgpack")],
}


class MessageBatch(NamedTuple):
    """One message and the events in it."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers
    events: list[Event]


class Packer:
    """Creates batches; a single event larger than `max_bytes` is a batch by itself."""

    def __init__(
        self, samples_topic: str, events_topic: str, encoding: Encoding, max_bytes: int
    ) -> None:
        self._samples_topic = samples_topic
        self._events_topic = events_topic
        self._encoder = _ENCODERS[encoding]
        self._headers = _HEADERS[encoding]
        self._max_bytes = max_bytes

    def pack(self, events: list[Event]) -> list[MessageBatch]:
        """The batches of all events; keeps the order within a key."""
        by_key: dict[tuple[str, str], list[Event]] = {}
        for event in events:
            by_key.setdefault(self._place(event), []).append(event)
        return [
            batch
            for (topic, key), those in by_key.items()
            for first in range(0, len(those), MAX_EVENTS_A_MESSAGE)
            for batch in self._fitting(topic, key, those[first : first + MAX_EVENTS_A_MESSAGE])
        ]

    def bisect(self, batch: MessageBatch) -> list[MessageBatch]:
        """Splits a batch of several events into two."""
        middle = len(batch.events) // 2
        parts = (batch.events[:middle], batch.events[middle:])
        return [self._batch(batch.topic, batch.key.decode(), part) for part in parts]

    def _place(self, event: Event) -> tuple[str, str]:
        if isinstance(event, Sample):
            return self._samples_topic, event.agent_id
        return self._events_topic, event.user_id

    def _fitting(self, topic: str, key: str, events: list[Event]) -> Iterator[MessageBatch]:
        batch = self._batch(topic, key, events)
        if len(batch.value) <= self._max_bytes or len(events) == 1:
            yield batch
        else:
            for half in self.bisect(batch):
                yield from self._fitting(topic, key, half.events)

    def _batch(self, topic: str, key: str, events: list[Event]) -> MessageBatch:
        value = self._encoder.encode(events[0] if len(events) == 1 else events)
        return MessageBatch(topic, key.encode(), value, self._headers, events)

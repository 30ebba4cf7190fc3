"""What identifies events, and what the tables hold of them: the contract's rules once more."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, LiteralString, TypeAlias

import psycopg

from schemas.events import Event

# The event's type and what identifies it, or what it is about, among others of the type.
Key: TypeAlias = tuple[str, ...]

# Each of these has its own row; of the others the newest replaces all before it.
ONCE: Final = frozenset({"sample", "payment", "play", "skill"})
_ENTITY: Final = {
    "sample": ("user_id", "agent_id", "ts"),
    "status": ("user_id", "agent_id"),
    "deployment": ("user_id", "deployment_id"),
    "payment": ("user_id", "payment_id"),
    "booking": ("user_id", "booking_id"),
    "fan": ("user_id", "fan_id"),
    "play": ("user_id", "play_id"),
    "skill": ("user_id", "skill_id", "ts"),
}
# At the same time the later one wins.
_STATES: Final[dict[str, tuple[str, Sequence[Any]]]] = {
    "status": ("status", ("running", "stopped", "failed", "removed")),
    "deployment": ("status", ("pending", "succeeded", "failed")),
    "booking": ("status", ("pending", "completed", "cancelled")),
    "fan": ("segment", ("superfan", "casual", "new")),
    "skill": ("active", (True, False)),
}
_VALUES: Final = {
    "sample": ("messages", "errors"),
    "payment": ("ts", "amount", "currency"),
    "play": ("ts", "listener_id", "count"),
}


def type_of(event: Event) -> str:
    return str(event.__struct_config__.tag)


def entity(event: Event) -> Key:
    """The row that an event is stored in."""
    name = type_of(event)
    return (name, *(_text(getattr(event, field)) for field in _ENTITY[name]))


def identity(event: Event) -> Key:
    """What makes an event the same as one that was sent before."""
    own = entity(event)
    return own if own[0] in ONCE else (*own, _text(event.ts))


def row(events: Iterable[Event]) -> Key:
    """What the row holds, from all events of one entity in the order of the log."""
    of_one = list(events)
    own = entity(of_one[0])
    if own[0] in _VALUES:
        return (*own, *(_text(getattr(of_one[0], field)) for field in _VALUES[own[0]]))
    state, ranks = _STATES[own[0]]
    newest = max(of_one, key=lambda event: (event.ts, ranks.index(getattr(event, state))))
    value = _text(getattr(newest, state))
    return (*own, value) if own[0] in ONCE else (*own, _text(newest.ts), value)


# What identifies a row of the timeline, and what of the first event with that identity it keeps.
_TIMELINE: Final = {
    "status": (("user_id", "agent_id", "ts", "status"), "reason"),
    "deployment": (("user_id", "deployment_id", "ts", "status"), "agent_id"),
}


def timeline_rows(events: Iterable[Event]) -> set[Key]:
    """The rows of the timeline, from all events in the order of the log."""
    kept: dict[Key, str] = {}
    for event in events:
        name = type_of(event)
        if name in _TIMELINE:
            fields, first = _TIMELINE[name]
            key = (name, *(_text(getattr(event, field)) for field in fields))
            kept.setdefault(key, _text(getattr(event, first)))
    return {(*key, value) for key, value in kept.items()}


def _text(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


_STORED: Final[dict[str, LiteralString]] = {
    "sample": "select user_id, agent_id, ts, messages, errors from agent_samples"
    " join agents using (agent_key)",
    "status": "select user_id, agent_id, ts, status from agent_states"
    " join agents using (agent_key)",
    "deployment": "select user_id, deployment_id, ts, status from deployments",
    "payment": "select user_id, payment_id, ts, amount, currency from payments",
    "booking": "select user_id, booking_id, ts, status from bookings",
    "fan": "select user_id, fan_id, ts, segment from fans",
    "play": "select user_id, play_id, ts, listener_id, count from plays",
    "skill": "select user_id, skill_id, ts, active from skill_changes",
}


_STORED_TIMELINE: Final[dict[str, LiteralString]] = {
    "status": "select user_id, agent_id, ts, status, reason from status_events",
    "deployment": "select user_id, deployment_id, ts, status, agent_id from deployment_events",
}


def stored_rows(connection: psycopg.Connection[Any]) -> set[Key]:
    """Every row of the tables, in the form of `row`."""
    return _read(connection, _STORED)


def stored_timeline_rows(connection: psycopg.Connection[Any]) -> set[Key]:
    """Every row of the timeline, in the form of `timeline_rows`."""
    return _read(connection, _STORED_TIMELINE)


def _read(connection: psycopg.Connection[Any], statements: Mapping[str, LiteralString]) -> set[Key]:
    return {
        (name, *map(_text, values))
        for name, statement in statements.items()
        for values in connection.execute(statement)
    }

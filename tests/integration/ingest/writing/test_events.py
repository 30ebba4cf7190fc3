"""Events in real tables: out of order, repeated, at the same time; against a plain model."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection
from psycopg.sql import SQL, Identifier

from ingest.batch import AgentKeys
from ingest.reading.writepriority import WritePriority
from ingest.writing.batchbuilder import build_batch
from ingest.writing.events import store_events
from schemas.events import Booking, Deployment, Event, Fan, Payment, Play, Skill, Status
from tests.unit.ingest.records import NOON, decoded

MINUTE = timedelta(minutes=1)
YEAR = timedelta(days=365)
KEYS = AgentKeys({"u/a": 1, "u/b": 2, "v/a": 3})
T = [NOON + minute * MINUTE for minute in range(5)]

Row = tuple[Any, ...]

TABLES = {
    "status": ("agent_states", "agent_key, ts, status, reason"),
    "status_event": ("status_events", "agent_id, ts, status, reason"),
    "deployment": ("deployments", "user_id, deployment_id, agent_id, ts, status"),
    "deployment_event": ("deployment_events", "user_id, deployment_id, ts, status, agent_id"),
    "payment": ("payments", "user_id, payment_id, ts, amount, currency"),
    "booking": ("bookings", "user_id, booking_id, ts, status"),
    "fan": ("fans", "user_id, fan_id, first_ts, ts, segment"),
    "play": ("plays", "user_id, play_id, listener_id, ts, count"),
    "skill": ("skill_changes", "user_id, skill_id, ts, active"),
}


def state(ts: datetime, status: Any, agent: str = "a", reason: str | None = None) -> Status:
    return Status(user_id="u", agent_id=agent, ts=ts, status=status, reason=reason)


def deployment(ts: datetime, status: Any, agent: str = "a") -> Deployment:
    return Deployment(user_id="u", deployment_id="d", agent_id=agent, ts=ts, status=status)


def payment(ts: datetime, amount: int, user: str = "u") -> Payment:
    return Payment(user_id=user, payment_id="p", ts=ts, amount=amount, currency="EUR")


def booking(ts: datetime, status: Any) -> Booking:
    return Booking(user_id="u", booking_id="b", ts=ts, status=status)


def fan(ts: datetime, segment: Any) -> Fan:
    return Fan(user_id="u", fan_id="f", ts=ts, segment=segment)


def play(ts: datetime, count: int, user: str = "u") -> Play:
    return Play(user_id=user, play_id="p", listener_id="l", ts=ts, count=count)


def skill(ts: datetime, active: bool) -> Skill:
    return Skill(user_id="u", skill_id="s", ts=ts, active=active)


async def store(connection: AsyncConnection[Any], *batches: list[Event]) -> dict[str, int]:
    """Stores batches one after the other; duplicates of the last."""
    duplicates: dict[str, int] = {}
    for events in batches:
        async with connection.transaction():
            duplicates = await store_events(
                connection, build_batch(decoded(events), KEYS), WritePriority()
            )
    return duplicates


async def rows(connection: AsyncConnection[Any], name: str) -> list[Row]:
    table, columns = TABLES[name]
    query = SQL("select {} from {} order by 1, 2, 3, 4").format(
        SQL(", ").join(map(Identifier, columns.split(", "))), Identifier(table)
    )
    return await (await connection.execute(query)).fetchall()


# One line a case: the batches in the order in which they come, and the rows they leave.
CASES: list[tuple[str, str, list[list[Event]], list[Row]]] = [
    ("newer", "status", [[state(T[0], "running")], [state(T[1], "failed", reason="why")]],
     [(1, T[1], "failed", "why")]),
    ("older", "status", [[state(T[1], "failed", reason="why")], [state(T[0], "removed")]],
     [(1, T[1], "failed", "why")]),
    ("tie", "status", [[state(T[0], "failed")], [state(T[0], "stopped")]],
     [(1, T[0], "failed", None)]),
    ("tie, other way", "status", [[state(T[0], "running")], [state(T[0], "removed")]],
     [(1, T[0], "removed", None)]),
    ("tie in a batch", "status", [[state(T[0], "removed"), state(T[0], "running")]],
     [(1, T[0], "removed", None)]),
    ("the same again", "status", [[state(T[0], "failed", reason="why")], [state(T[0], "failed")]],
     [(1, T[0], "failed", "why")]),
    ("two agents", "status", [[state(T[0], "running"), state(T[1], "stopped", "b")]],
     [(1, T[0], "running", None), (2, T[1], "stopped", None)]),
    ("every status once", "status_event",
     [[state(T[1], "failed", reason="why"), state(T[0], "running")],
      [state(T[1], "failed", reason="again"), state(T[1], "removed"), state(T[1], "removed")]],
     [("a", T[0], "running", None), ("a", T[1], "failed", "why"), ("a", T[1], "removed", None)]),
    ("as old as the retention", "status_event",
     [[state(NOON - YEAR, "running"), state(NOON - YEAR - MINUTE, "stopped")]],
     [("a", NOON - YEAR, "running", None)]),
    ("every status once", "deployment_event",
     [[deployment(T[0], "pending")], [deployment(T[1], "failed", "b"), deployment(T[0], "pending")],
      [deployment(T[0], "succeeded")]],
     [("u", "d", T[0], "pending", "a"), ("u", "d", T[0], "succeeded", "a"),
      ("u", "d", T[1], "failed", "b")]),
    ("as old as the retention", "deployment_event",
     [[deployment(NOON - YEAR, "pending"), deployment(NOON - YEAR - MINUTE, "failed")]],
     [("u", "d", NOON - YEAR, "pending", "a")]),
    ("newer", "deployment", [[deployment(T[0], "pending")], [deployment(T[1], "failed", "b")]],
     [("u", "d", "b", T[1], "failed")]),
    ("older", "deployment", [[deployment(T[1], "pending")], [deployment(T[0], "failed")]],
     [("u", "d", "a", T[1], "pending")]),
    ("tie", "deployment", [[deployment(T[0], "failed"), deployment(T[0], "succeeded")]],
     [("u", "d", "a", T[0], "failed")]),
    ("the first stands", "payment", [[payment(T[1], 1), payment(T[0], 2)], [payment(T[2], 3)]],
     [("u", "p", T[1], 1, "EUR")]),
    ("of two users", "payment", [[payment(T[0], 1), payment(T[0], 2, "v")]],
     [("u", "p", T[0], 1, "EUR"), ("v", "p", T[0], 2, "EUR")]),
    ("bounds of 64 bits", "payment", [[payment(T[0], -(2**63)), payment(T[0], 2**63 - 1, "v")]],
     [("u", "p", T[0], -(2**63), "EUR"), ("v", "p", T[0], 2**63 - 1, "EUR")]),
    ("newer", "booking", [[booking(T[0], "completed")], [booking(T[1], "pending")]],
     [("u", "b", T[1], "pending")]),
    ("tie", "booking", [[booking(T[0], "cancelled")], [booking(T[0], "completed")]],
     [("u", "b", T[0], "cancelled")]),
    ("older moves the first time", "fan", [[fan(T[1], "casual")], [fan(T[0], "new")]],
     [("u", "f", T[0], T[1], "casual")]),
    ("newer", "fan", [[fan(T[1], "casual")], [fan(T[2], "superfan")]],
     [("u", "f", T[1], T[2], "superfan")]),
    ("tie", "fan", [[fan(T[1], "new")], [fan(T[1], "superfan")]],
     [("u", "f", T[1], T[1], "new")]),
    ("the first stands", "play", [[play(T[0], 5), play(T[0], 6)], [play(T[1], 7)]],
     [("u", "p", "l", T[0], 5)]),
    ("none at all", "play", [[play(T[0], 0)]], [("u", "p", "l", T[0], 0)]),
    ("every change", "skill", [[skill(T[1], True)], [skill(T[0], False)]],
     [("u", "s", T[0], False), ("u", "s", T[1], True)]),
    ("tie is off", "skill", [[skill(T[0], False)], [skill(T[0], True)]],
     [("u", "s", T[0], False)]),
    ("tie in a batch is off", "skill", [[skill(T[0], True), skill(T[0], False)]],
     [("u", "s", T[0], False)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "batches", "expected"), [c[1:] for c in CASES], ids=[f"{c[1]}, {c[0]}" for c in CASES]
)
async def test_rows(
    name: str, batches: list[list[Event]], expected: list[Row], connection: AsyncConnection[Any]
) -> None:
    await store(connection, *batches)
    assert await rows(connection, name) == expected
    await store(connection, *batches)
    assert await rows(connection, name) == expected


async def test_duplicates_are_counted_by_id(connection: AsyncConnection[Any]) -> None:
    events: list[Event] = [payment(T[0], 1), payment(T[0], 1), play(T[0], 1), fan(T[0], "new")]
    assert await store(connection, events) == {"payment": 1, "play": 0}
    assert await store(connection, events) == {"payment": 2, "play": 1}


RANKS = {
    "status": ["running", "stopped", "failed", "removed"],
    "deployment": ["pending", "succeeded", "failed"],
    "booking": ["pending", "completed", "cancelled"],
    "fan": ["superfan", "casual", "new"],
}
MAKE: dict[str, Callable[[str, datetime, Any], Event]] = {
    "status": lambda i, ts, value: state(ts, value, i),
    "deployment": lambda i, ts, value: Deployment(
        user_id="u", deployment_id=i, agent_id="a", ts=ts, status=value
    ),
    "booking": lambda i, ts, value: Booking(user_id="u", booking_id=i, ts=ts, status=value),
    "fan": lambda i, ts, value: Fan(user_id="u", fan_id=i, ts=ts, segment=value),
}


def model(name: str, states: list[tuple[str, datetime, str]]) -> list[Row]:
    """Newest state by id; ties by the contract's list."""
    found: dict[str, Row] = {}
    for i, ts, value in states:
        kept = found.get(i)
        first = min(ts, kept[0]) if kept else ts
        is_newer = kept is None or (ts, RANKS[name].index(value)) > (kept[1], kept[3])
        newest = (ts, value, RANKS[name].index(value)) if is_newer or not kept else kept[1:]
        found[i] = (first, *newest)
    return [as_row(name, i, *found[i][:3]) for i in sorted(found)]


def as_row(name: str, i: str, first: datetime, ts: datetime, value: str) -> Row:
    return {
        "status": (KEYS.get(f"u/{i}"), ts, value, None),
        "deployment": ("u", i, "a", ts, value),
        "booking": ("u", i, ts, value),
        "fan": ("u", i, first, ts, value),
    }[name]


@pytest.mark.parametrize("name", RANKS)
async def test_shuffled_states_are_as_the_model(
    name: str, connection: AsyncConnection[Any]
) -> None:
    rng = random.Random(name)
    states = [(rng.choice("ab"), rng.choice(T), rng.choice(RANKS[name])) for _ in range(60)]
    at = 0
    while at < len(states):
        some = rng.randint(1, 7)
        await store(connection, [MAKE[name](*one) for one in states[at : at + some]])
        at += some
        assert await rows(connection, name) == model(name, states[:at])

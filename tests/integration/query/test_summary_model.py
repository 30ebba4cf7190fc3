"""Random histories, shuffled, repeated and split, and by two writers at once: as the model's."""

import asyncio
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection

from schemas.events import Booking, BookingStatus, Event, Fan, Payment, Play, Segment, Skill
from tests.support import model
from tests.support.business import answer, moment, open_writer, store
from tests.support.stack import Stack, created_database, migrate

# Ends of days, months and years, and what is near them.
NOWS = st.sampled_from(
    [
        moment(text)
        for text in (
            "2026-03-10T14:35",
            "2026-03-31T12:00",
            "2026-03-01",
            "2026-01-01",
            "2026-01-15T06:00:00.000001",
            "2025-12-31T23:59:59.999999",
            "2024-02-29T12:00",
            "2024-03-30T00:00:01",
            "2026-05-31T23:58",
        )
    ]
)
DAYS = st.sampled_from([0, 1, 6, 7, 8, 28, 29, 30, 31, 32, 58, 59, 60, 61, 90, 400])
SLIPS = st.one_of(
    st.sampled_from([timedelta(0), timedelta(microseconds=1), timedelta(microseconds=-1)]),
    st.timedeltas(timedelta(days=-1), timedelta(minutes=5)),
)
IDS = st.sampled_from("abcd")
USER = "u"
SECOND = timedelta(seconds=1)
STATUSES: list[BookingStatus] = ["pending", "completed", "cancelled"]
# What two steps leave with each of two users.
COUNTED = {
    "bookings": {"completed": 1, "pending": 2},
    "fans": {"total": 3, "active": 3},
    "skills": {"active": 2, "total": 3},
}
SEGMENTS: list[Segment] = ["superfan", "casual", "new"]


def times(now: datetime) -> st.SearchStrategy[datetime]:
    """Up to 5 minutes ahead of now: an exact number of days back, midnight there, or near these."""
    return st.builds(
        lambda days, at_midnight, slip: min(
            _floor(now - timedelta(days=days), at_midnight) + slip, now + timedelta(minutes=5)
        ),
        DAYS,
        st.booleans(),
        SLIPS,
    )


def _floor(ts: datetime, at_midnight: bool) -> datetime:
    return ts.replace(hour=0, minute=0, second=0, microsecond=0) if at_midnight else ts


def kinds(now: datetime) -> st.SearchStrategy[Event]:
    """Events whose id will be set from their place."""
    ts = times(now)
    user, minor = st.just(USER), st.integers(-3_000, 9_000)
    code = st.sampled_from(["USD", "USD", "EUR", "JPY", "BHD"])
    status = st.sampled_from(["pending", "completed", "cancelled"])
    segment = st.sampled_from(["superfan", "casual", "new"])
    number, count = st.uuids().map(str), st.integers(0, 4)
    return st.one_of(
        st.builds(Payment, user_id=user, payment_id=number, ts=ts, amount=minor, currency=code),
        st.builds(Booking, user_id=user, booking_id=IDS, ts=ts, status=status),
        st.builds(Fan, user_id=user, fan_id=IDS, ts=ts, segment=segment),
        st.builds(Play, user_id=user, play_id=number, listener_id=IDS, ts=ts, count=count),
        st.builds(Skill, user_id=user, skill_id=IDS, ts=ts, active=st.booleans()),
    )


HISTORIES = NOWS.flatmap(
    lambda now: st.tuples(st.just(now), st.lists(kinds(now), min_size=1, max_size=40))
)


@pytest.fixture(scope="module")
def url(stack: Stack) -> Iterator[str]:
    with created_database(stack.database_url, f"test_{uuid4().hex[:16]}") as made:
        migrate(made)
        yield made


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="module")
def writer(url: str, runner: asyncio.Runner) -> Iterator[AsyncConnection[Any]]:
    opened = runner.run(open_writer(url))
    yield opened
    runner.run(opened.close())


def split(events: list[Event], chance: random.Random) -> list[list[Event]]:
    """Batches of 1 to 9 events."""
    batches: list[list[Event]] = []
    while events:
        size = chance.randint(1, 9)
        batches.append(events[:size])
        events = events[size:]
    return batches


def repeated(events: list[Event], chance: random.Random) -> list[Event]:
    """Every event at least once, some again, in any order."""
    every = events + chance.choices(events, k=chance.randint(0, len(events)))
    chance.shuffle(every)
    return every


def owned(events: list[Event], user: str) -> list[Event]:
    return [msgspec.structs.replace(event, user_id=user) for event in events]


@settings(
    max_examples=150,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=HISTORIES, chance=st.randoms(use_true_random=False))
def test_a_random_history_is_as_the_models(
    writer: AsyncConnection[Any],
    runner: asyncio.Runner,
    history: tuple[datetime, list[Event]],
    chance: random.Random,
) -> None:
    now, events = history
    user = uuid4().hex
    runner.run(store(writer, split(owned(repeated(events, chance), user), chance)))
    assert runner.run(answer(writer, user, now)) == model.summary(events, now)
    later = now + timedelta(days=chance.choice([1, 7, 30, 45]))
    assert runner.run(answer(writer, user, later)) == model.summary(events, later)


def random_event(user: str, now: datetime, chance: random.Random) -> Event:
    """One of a few ids, any kind, of the last 70 days."""
    ts = now - timedelta(days=chance.randint(0, 70), seconds=chance.randint(0, 3))
    some = chance.choice("abcdefgh")
    kind: list[Event] = [
        Payment(user_id=user, payment_id=uuid4().hex, ts=ts, amount=100, currency="USD"),
        Booking(
            user_id=user,
            booking_id=some,
            ts=ts,
            status=chance.choice(["pending", "completed", "cancelled"]),
        ),
        Fan(user_id=user, fan_id=some, ts=ts, segment=chance.choice(["superfan", "casual", "new"])),
        Play(user_id=user, play_id=uuid4().hex, listener_id=some, ts=ts, count=2),
        Skill(user_id=user, skill_id=some, ts=ts, active=chance.random() < 0.5),
    ]
    return chance.choice(kind)


async def store_together(url: str, *writers: list[list[Event]]) -> None:
    """Each list of batches on its own connection, all at once."""

    async def write(batches: list[list[Event]]) -> None:
        async with await open_writer(url) as connection:
            await store(connection, batches)

    await asyncio.gather(*map(write, writers))


@pytest.mark.parametrize("seed", range(3))
async def test_two_writers_of_the_same_users_at_once(url: str, seed: int) -> None:
    chance, now = random.Random(seed), moment("2026-03-10T14:35")
    users = sorted(uuid4().hex for _ in range(3))
    events = [random_event(chance.choice(users), now, chance) for _ in range(600)]
    halves = [split(repeated(events, chance), chance) for _ in range(2)]
    await store_together(url, *halves)
    async with await open_writer(url) as connection:
        for user in users:
            mine = [event for event in events if event.user_id == user]
            assert await answer(connection, user, now) == model.summary(mine, now)


def steps(kind: str, n: int, changed: str, added: str) -> list[Event]:
    """Changes what one user has and adds to what the other has."""
    ts, new = moment("2026-03-01") + n * SECOND, f"{changed}-{n}"
    both: dict[str, list[Event]] = {
        "bookings": [
            Booking(user_id=changed, booking_id="x", ts=ts, status=STATUSES[n % 3]),
            Booking(user_id=added, booking_id=new, ts=ts, status="pending"),
        ],
        "fans": [
            Fan(user_id=changed, fan_id="x", ts=ts, segment=SEGMENTS[n % 3]),
            Fan(user_id=added, fan_id=new, ts=ts, segment="new"),
        ],
        "skills": [
            Skill(user_id=changed, skill_id="x", ts=ts, active=n % 2 == 0),
            Skill(user_id=added, skill_id=new, ts=ts, active=True),
        ],
    }
    return both[kind]


@pytest.mark.parametrize("kind", ["bookings", "fans", "skills"])
async def test_what_one_adds_never_waits_for_what_the_other_changes(url: str, kind: str) -> None:
    """A statement counts rows that came and rows that changed, and the two lock different rows:

    else two writers could each hold what the other's second count wants.
    """
    one, other = sorted(uuid4().hex for _ in range(2))
    pairs = ((one, other), (other, one))
    async with await open_writer(url) as first, await open_writer(url) as second:
        await second.execute("set lock_timeout = '1s'")
        await store(first, [steps(kind, 0, *users) for users in pairs])
        async with first.transaction():
            await store(first, [steps(kind, 1, *pairs[0])])
            await store(second, [steps(kind, 1, *pairs[1])])
        for user in (one, other):
            counts = (await answer(first, user, moment("2026-03-10")))[kind]
            assert counts == counts | COUNTED[kind]

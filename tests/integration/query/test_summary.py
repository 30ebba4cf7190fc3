"""Events in, a moment, an answer out: through the real writer, in any order, once or twice."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
import pytest
from psycopg import AsyncConnection

from schemas.events import Event, Payment
from tests.support.business import answer, events_of, flat, moment, open_writer, store
from tests.support.service import NOW, application, bearer, serving, token
from tests.support.stack import Stack, created_database, migrate

FILE = Path(__file__).with_name("summary_cases.txt")


class Case(NamedTuple):
    """A line of the file."""

    name: str
    now: datetime
    events: str
    expected: dict[str, str]


def read(line: str) -> Case:
    name, now, events, expected = (part.strip() for part in line.split("|"))
    fields = dict(field.split("=", 1) for field in expected.split(" "))
    return Case(name, moment(now), events, fields)


CASES = [read(line) for line in FILE.read_text(encoding="utf-8").splitlines() if line[0] != "#"]


@pytest.fixture(scope="module")
def url(stack: Stack) -> Iterator[str]:
    with created_database(stack.database_url, f"test_{uuid4().hex[:16]}") as made:
        migrate(made)
        yield made


@pytest.fixture
async def connection(url: str) -> AsyncIterator[AsyncConnection[Any]]:
    async with await open_writer(url) as opened:
        yield opened


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


async def named_fields(connection: AsyncConnection[Any], user: str, case: Case) -> dict[str, str]:
    """Of the answer the fields that the case names."""
    fields = flat(await answer(connection, user, case.now))
    return {name: as_text(fields[name]) for name in case.expected}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_a_case(connection: AsyncConnection[Any], case: Case) -> None:
    user = uuid4().hex
    events = events_of(case.events, user)
    await store(connection, [events])
    assert await named_fields(connection, user, case) == case.expected
    await store(connection, [events, events[::-1]])
    assert await named_fields(connection, user, case) == case.expected


@pytest.mark.parametrize("step", [1, -1], ids=["in order", "backwards"])
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_a_case_event_by_event(
    connection: AsyncConnection[Any], case: Case, step: int
) -> None:
    user = uuid4().hex
    await store(connection, [[event] for event in events_of(case.events, user)[::step]])
    assert await named_fields(connection, user, case) == case.expected


async def test_others_business_stays_theirs(connection: AsyncConnection[Any]) -> None:
    text = (
        "pay 2026-03-01 100; book a 2026-03-01 pending; fan a 2026-03-01 new; "
        "play a 2026-03-01; skill a 2026-03-01 on"
    )
    mine, hers = uuid4().hex, uuid4().hex
    empty = await answer(connection, mine, NOW)
    await store(connection, [events_of(text, hers)])
    assert await answer(connection, mine, NOW) == empty
    assert await answer(connection, hers, NOW) != empty


async def test_ten_thousand_payments_over_eight_years(connection: AsyncConnection[Any]) -> None:
    user, first = uuid4().hex, datetime(2018, 3, 12, tzinfo=UTC)
    events: list[Event] = [
        Payment(
            user_id=user,
            payment_id=str(n),
            ts=first + n * timedelta(hours=7),
            amount=n,
            currency="USD",
        )
        for n in range(10_000)
    ]
    await store(connection, [events])
    revenue = (await answer(connection, user, NOW))["revenue"]
    assert revenue["total"] == "$499,950.00"


async def test_the_service_answers(url: str, connection: AsyncConnection[Any]) -> None:
    user = uuid4().hex
    text = "pay 2026-03-01 123450; play l 2026-03-10; fan f 2026-03-10 new; skill s 2026-03-10 on"
    await store(connection, [events_of(text, user)])
    async with serving(application(url)) as client:
        path, headers = f"/api/metrics/{user}/summary", bearer(token(user))
        response = await client.get(path, headers=headers)
    assert response.status_code == 200
    assert response.json() == {
        "revenue": {
            "currency": "USD",
            "month": "$1,234.50",
            "total": "$1,234.50",
            "change": "+0.0%",
            "minorUnits": {"month": 123450, "total": 123450, "decimals": 2},
            "others": [],
        },
        "bookings": {"completed": 0, "pending": 0, "conversion": "0.0%"},
        "fans": {
            "total": 1,
            "active": 1,
            "growth": "+0.0%",
            "segmentation": {"superfans": 0, "casual": 0, "new": 1},
        },
        "streams": {"monthlyListeners": 1, "monthlyStreams": 1, "growth": "+0.0%"},
        "skills": {"active": 1, "total": 1, "growth": "+0.0%"},
    }

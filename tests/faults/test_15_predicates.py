"""The tenant's predicate in SQL: whatever a user's route asks, other users' rows change nothing.

Each query that such a route sends is run with and without another user's data. That the other's
data would show is proved by taking every predicate out in turn.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg.rows import dict_row

from query.database import QueryPool
from sql.named import query
from tests.support.business import events_of, open_writer, store
from tests.support.rows import insert, sample
from tests.support.service import application, bearer, serving, token
from tests.support.timeline import Happening, store_happenings

pytestmark = pytest.mark.fault(15, "another's data")

PREDICATE = re.compile(rb"user_id = %\(user_id\)s")
# No user has a part in what it returns.
NOBODYS = {"read_dropped"}
# Takes the user as an argument of a function; none stands for the fleet.
OF_BOTH = {"list_agents"}
# Something in each window of each query; times are of the service's tests, 2026-03-10 14:35 UTC.
BOB = """
    pay 2025-12-24 100; pay 2026-02-03 200; pay 2026-02-10T20:00 300; pay 2026-03-02 400;
    pay 2026-03-10T15:00 500; pay 2026-03-02 600 EUR; pay 2026-02-03 700 EUR;
    book 1 2026-03-01 pending; book 2 2026-03-01 completed; book 3 2026-03-01 cancelled;
    fan 1 2026-03-09 superfan; fan 2 2026-03-09 casual; fan 3 2026-01-09 new;
    play 1 2026-03-09; play 2 2026-03-09 3; play 2 2026-01-20 5;
    skill 1 2026-03-09 on; skill 2 2026-03-01 off; skill 2 2026-03-08 on
"""
ALICE = (
    BOB.replace("00;", "11;").replace(" 3;", " 7;")
    + """;
    book 4 2026-03-01 pending; book 5 2026-03-01 completed; book 6 2026-03-01 cancelled;
    fan 4 2026-03-09 superfan; fan 5 2026-03-09 casual; fan 6 2026-03-09 new;
    play 3 2026-03-09 9; play 3 2026-01-20 9; skill 3 2026-03-09 on; skill 4 2026-03-01 on
"""
)


class Sent(NamedTuple):
    """A query, as a route sent it."""

    path: str
    name: str
    parameters: dict[str, Any]

    def rows(self, database: str, text: bytes | None = None) -> Sequence[dict[str, Any]]:
        """What it returns, or what another text returns in its place."""
        with psycopg.connect(database, row_factory=dict_row, options="-c timezone=UTC") as link:
            return link.execute(text or query(self.name), self.parameters).fetchall()


@pytest.fixture
async def sent(database: str, monkeypatch: pytest.MonkeyPatch) -> list[Sent]:
    """All queries of all described routes, asked for bob; his data is there."""
    await live(database, "bob", BOB, cpu=1.5)
    found: list[Sent] = []
    fetch = QueryPool.fetch

    async def spied(pool: QueryPool, name: str, row: Any, parameters: dict[str, Any]) -> Any:
        found.append(Sent(path, name, parameters))
        return await fetch(pool, name, row, parameters)

    monkeypatch.setattr(QueryPool, "fetch", spied)
    async with serving(application(database)) as client:
        document = (await client.get("/openapi.json")).json()
        for path, operations in document["paths"].items():
            for asked in spellings(path, operations["get"].get("parameters", [])):
                answer = await client.get(asked, headers=bearer(token("ops", "platform")))
                assert answer.status_code == 200, asked
    return found


def spellings(path: str, parameters: list[dict[str, Any]]) -> list[str]:
    """The path for bob with each value that each of its parameters takes."""
    path = path.replace("{userId}", "bob").replace("{agentId}", "a")
    query = {p["name"]: p["schema"].get("enum", []) for p in parameters if p["in"] == "query"}
    spans = [f"{path}?from=2026-03-09T00:00:00Z&step={step}" for step in query.pop("step", [])]
    return [path, *spans, *(f"{path}?{name}={one}" for name in query for one in query[name])]


async def live(database: str, user: str, business: str, cpu: float) -> None:
    """A user's samples of the last hours and days, and business."""
    times = ("2026-03-10T14:34Z", "2026-03-10T14:25Z", "2026-03-09T20:00Z", "2026-02-20T10:00Z")
    figures = {"cpu": cpu, "memory": 2 * cpu, "messages": int(10 * cpu), "errors": int(cpu)}
    insert(database, [sample(f"{user}/a", ts, response_ms=cpu, **figures) for ts in times])
    happened = datetime(2026, 3, 10, 14, tzinfo=UTC)
    kinds = ("status", "deployment")
    happenings = [Happening(kind, f"{user}/a", happened, "failed", user) for kind in kinds]
    store_happenings(database, happenings)
    writer = await open_writer(database)
    async with writer:
        await store(writer, [events_of(business, user)])


async def test_other_users_rows_change_nothing(database: str, sent: list[Sent]) -> None:
    own = [one for one in sent if "{userId}" in one.path and one.name not in NOBODYS]
    assert {one.name for one in own} == {
        "historical_5m",
        "historical_hours",
        "historical_days",
        "list_agents",
        "list_user_timeline",
        "performance",
        "summary",
    }
    before = [one.rows(database) for one in own]
    await live(database, "alice", ALICE, cpu=77.5)
    after = [one.rows(database) for one in own]
    assert after == before
    unused = defaultdict(list)
    for one, bobs in zip(own, before, strict=True):
        if one.name in OF_BOTH:
            continue
        hers = one._replace(parameters={**one.parameters, "user_id": "alice"}).rows(database)
        assert hers != bobs, one.name
        found = [one.rows(database, text) == bobs for text in without_a_predicate(one.name)]
        assert found, f"{one.name} has no predicate"
        # A request for one kind of rows does not need the predicate of another.
        unused[one.name].append(found)
    for name, requests in unused.items():
        assert not any(map(all, zip(*requests, strict=True))), (name, requests)


def without_a_predicate(name: str) -> list[bytes]:
    """The query's text with each of its predicates taken out in turn."""
    text = query(name)
    return [
        text[: found.start()] + b"user_id is not null" + text[found.end() :]
        for found in PREDICATE.finditer(text)
    ]


async def test_no_users_route_asks_without_the_user(sent: list[Sent]) -> None:
    of_users = [one for one in sent if "{userId}" in one.path and one.name not in NOBODYS]
    of_all = [one for one in sent if "{userId}" not in one.path]
    assert {one.parameters.get("user_id") for one in of_users} == {"bob"}
    assert {one.name for one in of_users} & {one.name for one in of_all} <= OF_BOTH

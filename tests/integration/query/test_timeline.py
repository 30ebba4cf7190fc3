"""The timeline: what a page has, in which order, and paging while events arrive."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from query.errors import PARAMETER_HELP
from tests.support.service import NOW, application, bearer, serving, token
from tests.support.timeline import Happening, store_happenings

OPS = bearer(token("ops", "platform"))
MINUTE = timedelta(minutes=1)
BACKWARDS = "from must be before to, which is now by default."
UNKNOWN = (
    "since is unknown: the query parameters of this path: from, to, agent, kind, limit, cursor."
)
RANKS = {
    "status": ["running", "stopped", "failed", "removed"],
    "deployment": ["pending", "succeeded", "failed"],
}
AGENTS = ["alice/a", "alice/b", "bob/a", "bob/c"]
FIELDS = ("ts", "userId", "agentId", "kind", "status", "reason", "deploymentId")

Event = tuple[str, ...]


def at(ts: datetime) -> str:
    """A time as answers have it."""
    return ts.isoformat().replace("+00:00", "Z")


def as_event(one: Happening) -> Event:
    """An event as an answer has it."""
    details = (one.detail, "") if one.kind == "status" else ("", one.detail)
    return (at(one.ts), *one.agent.split("/"), one.kind, one.status, *details)


async def ask(client: httpx.AsyncClient, path: str, **parameters: str) -> Any:
    asked = "&".join(f"{name}={quote(value)}" for name, value in parameters.items())
    answer = await client.get(f"/api/metrics/{path}?{asked}", headers=OPS)
    assert answer.status_code == 200, answer.text
    return answer.json()


def events_in(page: Any) -> list[Event]:
    return [tuple(event[name] for name in FIELDS) for event in page["events"]]


async def all_events(client: httpx.AsyncClient, path: str, **parameters: str) -> list[Event]:
    page = await ask(client, path, limit="500", **parameters)
    assert page["next"] == ""
    return events_in(page)


async def test_a_day_of_a_user_and_of_the_fleet(database: str) -> None:
    events = [
        Happening("status", "alice/a", NOW - MINUTE, "failed", "out of memory"),
        Happening("deployment", "alice/a", NOW - 2 * MINUTE, "failed", "d1"),
        Happening("status", "bob/a", NOW - 3 * MINUTE, "stopped", ""),
        Happening("deployment", "alice/b", NOW - timedelta(hours=24), "pending", "d1"),
    ]
    outside = [
        Happening("status", "alice/a", NOW - timedelta(hours=24, microseconds=1), "running", ""),
        Happening("status", "alice/a", NOW, "running", ""),
    ]
    store_happenings(database, [*events, *outside])
    expected = [as_event(event) for event in events]
    async with serving(application(database)) as client:
        assert await all_events(client, "timeline") == expected
        of_alice = [event for event in expected if event[1] == "alice"]
        assert await all_events(client, "alice/timeline") == of_alice
        assert await all_events(client, "alice/timeline", kind="deployment") == of_alice[1:]
        assert await all_events(client, "timeline", agent="a") == expected[:3]
        assert await all_events(client, "timeline", agent="a", kind="status") == expected[::2][:2]
        assert await all_events(client, "bob/timeline", agent="b") == []
        assert await all_events(client, "nobody/timeline") == []
        span = {"from": "2026-03-10T15:32:00+01:00", "to": at(NOW - MINUTE)}
        assert await all_events(client, "timeline", **span) == expected[1:3]


async def test_at_the_same_time_what_counts_comes_first(database: str) -> None:
    for kind, ranks in RANKS.items():
        store_happenings(
            database,
            [Happening(kind, "alice/a", NOW - MINUTE, status, "x") for status in ranks],
        )
    newest = [*reversed(RANKS["status"]), *reversed(RANKS["deployment"])]
    async with serving(application(database)) as client:
        for path in ("timeline", "alice/timeline"):
            assert [event[4] for event in await all_events(client, path)] == newest


def drawn(rng: random.Random, count: int) -> Iterator[Happening]:
    """Events, many of them at the same time."""
    for _ in range(count):
        kind = rng.choice(list(RANKS))
        ts = NOW - rng.randint(1, 6) * MINUTE
        detail = "" if kind == "status" else rng.choice(["d1", "d2", "D", "é"])
        yield Happening(kind, rng.choice(AGENTS), ts, rng.choice(RANKS[kind]), detail)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("path", ["timeline", "alice/timeline", "timeline?agent=a"])
async def test_paging_while_events_arrive(database: str, seed: int, path: str) -> None:
    """What is there throughout comes once, in order; what arrives meanwhile once at most."""
    rng = random.Random(f"{seed} {path}")
    path, _, asked = path.partition("?agent=")
    parameters = {"agent": asked} if asked else {}
    first = list(drawn(rng, 60))
    stored = list(first)
    store_happenings(database, first)
    seen: list[Event] = []
    following = ""
    async with serving(application(database)) as client:
        for _ in range(200):
            cursor = {"cursor": following} if following else {}
            limit = str(rng.randint(1, 9))
            page = await ask(client, path, limit=limit, **parameters, **cursor)
            assert len(page["events"]) == int(limit) or page["next"] == ""
            seen += events_in(page)
            following = page["next"]
            if not following:
                break
            arrived = list(drawn(rng, 2))
            stored += arrived
            store_happenings(database, arrived)
        last = await all_events(client, path, **parameters)
    assert len(seen) == len(set(seen))
    assert set(last) == model(stored, path, asked)
    assert len(last) == len(set(last))
    assert model(first, path, asked) <= set(seen)
    assert seen == [event for event in last if event in set(seen)]
    assert [event[0] for event in last] == sorted((e[0] for e in last), reverse=True)


def model(stored: list[Happening], path: str, agent: str) -> set[Event]:
    """What is listed: of those with the same key the first, and of these whose path it is."""
    found: dict[tuple[Any, ...], Happening] = {}
    for one in stored:
        owner = one.agent.split("/")[0]
        key = one.agent if one.kind == "status" else (owner, one.detail)
        found.setdefault((one.kind, key, one.ts, one.status), one)
    listed = map(as_event, found.values())
    return {
        event
        for event in listed
        if path in ("timeline", f"{event[1]}/timeline") and agent in ("", event[2])
    }


async def test_the_span_of_the_first_page_holds(database: str) -> None:
    """Without `from` a later page ends where it ended at first, although the day has moved on."""
    events = [
        Happening("status", "alice/a", NOW - timedelta(hours=24) + n * MINUTE, "running", "")
        for n in range(5)
    ]
    store_happenings(database, events)
    async with serving(application(database)) as client:
        page = await ask(client, "timeline", limit="2")
    async with serving(application(database, NOW + 3 * MINUTE)) as client:
        later = await ask(client, "timeline", limit="100", cursor=page["next"])
    assert events_in(page) + events_in(later) == [as_event(event) for event in reversed(events)]


async def test_input_that_is_no_use(database: str) -> None:
    store_happenings(
        database,
        [Happening("status", "alice/a", NOW - n * MINUTE, "running") for n in range(1, 4)],
    )
    async with serving(application(database)) as client:
        of_user = (await ask(client, "alice/timeline", limit="1"))["next"]
        of_fleet = (await ask(client, "timeline", limit="1"))["next"]
        cases = {
            "from=yesterday": PARAMETER_HELP["from"],
            "from=2026-03-10T14:00:00": PARAMETER_HELP["from"],
            "to=2026-02-30T00:00:00Z": PARAMETER_HELP["to"],
            f"from={at(NOW)}&to={at(NOW)}": BACKWARDS,
            "from=2027-01-01T00:00:00Z": BACKWARDS,
            "agent=..": PARAMETER_HELP["agent"],
            "agent=": PARAMETER_HELP["agent"],
            "kind=sample": PARAMETER_HELP["kind"],
            "kind=status&kind=status": PARAMETER_HELP["kind"],
            "limit=0": PARAMETER_HELP["limit"],
            "limit=501": PARAMETER_HELP["limit"],
            "limit=x": PARAMETER_HELP["limit"],
            "cursor=": PARAMETER_HELP["cursor"],
            "cursor=AAAA": PARAMETER_HELP["cursor"],
            f"cursor={of_fleet}": PARAMETER_HELP["cursor"],
            f"cursor={of_user}&kind=status": PARAMETER_HELP["cursor"],
            f"cursor={of_user[:-2]}": PARAMETER_HELP["cursor"],
            "since=1": UNKNOWN,
        }
        for asked, sentence in cases.items():
            answer = await client.get(f"/api/metrics/alice/timeline?{asked}", headers=OPS)
            assert (answer.status_code, answer.json()) == (400, {"error": sentence}), asked
        answer = await client.get(f"/api/metrics/bob/timeline?cursor={of_user}", headers=OPS)
        assert answer.status_code == 400
    async with serving(application(database, NOW + timedelta(minutes=59))) as client:
        fresh = f"/api/metrics/alice/timeline?cursor={of_user}"
        assert (await client.get(fresh, headers=bearer(token("alice")))).status_code == 200

"""Every token against every user's every route, however it is spelled: nobody reads another's data.

Each user's figures hold a distinct number, which is looked for in every answer to others.
"""

import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import psycopg
import pytest

from sql.named import query
from tests.faults.plugin import Case
from tests.support.rows import Row, insert
from tests.support.serve_process import Caller, calling, holder, served
from tests.support.timeline import Happening, store_happenings

pytestmark = pytest.mark.fault(15, "another's data")

# No number, nor twice it, is a year. Their names are what may be taken for another's: by case, a
# dot, a part, a word of the service's.
USERS = {
    "alice": 3_001,
    "Alice": 3_011,
    "alice.": 3_019,
    "al": 3_023,
    "platform": 3_037,
    "performance": 3_041,
    "...": 3_049,
    "@me:~-_.1": 3_061,
}
SINCE = f"{datetime.now(UTC) - timedelta(days=4):%Y-%m-%dT%H:%M:%SZ}"
ROUTES = (
    "historical",
    "historical?range=24h",
    "historical?range=7d",
    "historical?range=30d",
    f"historical?from={SINCE}&step=15m",
    f"historical?from={SINCE}&step=1d&tz=Asia/Kathmandu",
    "agents/a/historical",
    "agents/a/historical?range=30d",
    f"agents/a/historical?from={SINCE}&step=6h&tz=Europe/Berlin",
    "performance",
    "summary",
    "timeline",
    "timeline?kind=deployment",
    "timeline?agent=a",
    "agents",
    "agents?window=24h&sort=cpu&search=a",
    "agents/a",
)
# `{user}` is whose data it is about, `{own}` who asks, `{route}` the endpoint with its parameters.
SPELLINGS = (
    "/api/metrics/{user}/{route}",
    "/api/metrics/{user}/{route}#/api/metrics/{own}/performance",
    "//api/metrics/{user}/{route}",
    "/api//metrics/{user}/{route}",
    "/api/metrics//{user}/{route}",
    "/api/metrics/{user}//{route}",
    "/api/metrics/{user}%2f{route}",
    "/api/metrics/{user}%2F{route}",
    "/api/metrics%2f{user}/{route}",
    "/api/metrics/{own}/../{user}/{route}",
    "/api/metrics/{own}/%2e%2e/{user}/{route}",
    "/api/metrics/{own}%2f..%2f{user}/{route}",
    "/api/metrics/{own}/performance/../../{user}/{route}",
    "/api/metrics/{user};{own}/{route}",
    "/api/metrics/{user},{own}/{route}",
    "/api/metrics/{own}\\..\\{user}/{route}",
    "/api/metrics/{user}%00/{route}",
    "/api/metrics/{user}%20/{route}",
    "/api/metrics/{user}%0a/{route}",
    "/api/metrics/{user}%252f/{route}",
    "/api/metrics/./{user}/{route}",
    "/api/metrics/{user}/./{route}",
    "/API/metrics/{user}/{route}",
    "/api/metrics/{user}/{route}/",
    "/api/metrics/{user}/{route}&userId={own}",
    "/api/metrics/{own}/{route}&userId={user}",
    "/api/metrics/{own}/{route}&userId={own}&userId={user}",
    "/api/metrics/{own}/{route}&user_id={user}",
    "http://fleetgauge/api/metrics/{user}/{route}",
    "http://{own}@fleetgauge/api/metrics/{user}/{route}",
    "*",
)
# Extra headers, in the hope that the service trusts them.
SAID: tuple[dict[str, str], ...] = (
    {},
    {"X-User-Id": "{user}", "X-Forwarded-User": "{user}", "Cookie": "userId={user}"},
    {"X-Original-URL": "/api/metrics/{user}/summary", "X-HTTP-Method-Override": "GET"},
    {"X-Forwarded-Prefix": "/api/metrics/{user}", "X-Script-Name": "/api/metrics/{user}"},
)


def store(database: str) -> None:
    """For each user samples of now and of days ago, and of each kind of business: the number."""
    now = datetime.now(UTC)
    insert(
        database,
        [
            Row(f"{user}/a", now - age, messages=number, response_ms=number)
            for user, number in USERS.items()
            for age in (timedelta(seconds=1), timedelta(days=3))
        ],
    )
    store_happenings(
        database,
        [
            Happening(kind, f"{user}/a", now - timedelta(minutes=1), "failed", str(number))
            for user, number in USERS.items()
            for kind in ("status", "deployment")
        ],
    )
    with psycopg.connect(database) as connection:
        for user, number in USERS.items():
            for name, columns in business(user, number, now).items():
                connection.execute(query(name), columns)


def business(user: str, number: int, now: datetime) -> dict[str, dict[str, list[Any]]]:
    """What is to be stored, by the query that stores it: columns of one row, or of so many."""
    one: dict[str, list[Any]] = {"user_id": [user], "ts": [now]}
    ids = [str(place) for place in range(number)]
    many: dict[str, list[Any]] = {"user_id": [user] * number, "ts": [now] * number}
    return {
        "store_payment": {**one, "payment_id": ["1"], "amount": [number], "currency": ["JPY"]},
        "store_play": {**one, "play_id": ["1"], "listener_id": ["1"], "count": [number]},
        "store_booking": {**many, "booking_id": ids, "status": ["completed"] * number},
        "store_fan": {**many, "fan_id": ids, "segment": ["casual"] * number},
        "store_skill": {**many, "skill_id": ids, "active": [True] * number},
    }


def figures(answer: Any) -> list[int]:
    """All figures of an answer that are the user's number, or twice that where days are summed."""
    if "revenue" in answer:
        money = int(re.sub(r"\D", "", answer["revenue"]["total"]))
        listening, booked = answer["streams"]["monthlyStreams"], answer["bookings"]["completed"]
        return [money, listening, booked, answer["fans"]["total"], answer["skills"]["total"]]
    if "events" in answer:
        return [int(event["reason"] + event["deploymentId"]) for event in answer["events"]]
    if "agents" in answer:
        return [row["messages"] for row in answer["agents"]]
    if "responseTime" in answer:
        return [round(answer["responseTime"])]
    days = 1 if answer["timeRange"] == "24h" else 2
    return [sum(point["messages"] for point in answer["metrics"]) // days]


def attempts(case: Case, rng: random.Random) -> Iterator[tuple[str, str, str, dict[str, str]]]:
    """Who asks, about whom, the path, and the extra headers."""
    every = list(product(USERS, USERS, ROUTES, SPELLINGS, SAID))
    for own, user, route, spelling, said in rng.sample(
        every, case.rounds(short=2_000, long=len(every))
    ):
        path = spelling.format(own=own, user=user, route=route)
        # Parameters begin with the first of them.
        path = path if "?" in path else path.replace("&", "?", 1)
        headers = {name: value.format(user=user) for name, value in said.items()}
        yield own, user, path, headers


def numbers_in(text: str) -> set[str]:
    """Whose numbers an answer holds; money is written with commas."""
    words = set(re.findall(r"\d+", text.replace(",", "").replace(":", " ")))
    return {user for user, number in USERS.items() if words & {str(number), str(2 * number)}}


@pytest.mark.parametrize("kept_ms", ["0", "60000"])
def test_nobody_reads_anothers_data(
    kept_ms: str, database: str, variables: dict[str, str], case: Case, rng: random.Random
) -> None:
    store(database)
    with (
        served(
            variables,
            FLEETGAUGE_ANSWER_CACHE_MS=kept_ms,
            FLEETGAUGE_RATE_LIMIT_PER_S="0",
        ) as serving,
        calling(serving) as caller,
    ):
        read_all(caller)
        tokens = {user: holder(user) for user in USERS}
        answered = 0
        for own, user, path, said in attempts(case, rng):
            answer = caller.get(path, {**said, **tokens[own]})
            assert numbers_in(answer.text) <= {own}, (own, user, path, said, answer)
            assert answer.status in {200, 400, 403, 404}, (own, user, path, said, answer)
            answered += answer.status == 200
            if answer.status == 200:
                without = caller.get(path, said)
                assert without.status == 401, (path, said, without)
        assert answered > 0


def read_all(caller: Caller) -> None:
    """The platform reads everything, so that answers are kept; each owner finds the number."""
    for user, route in product(USERS, ROUTES):
        path = f"/api/metrics/{user}/{route}"
        for headers in (holder("ops", "platform"), holder(user)):
            answer = caller.get(path, headers)
            assert answer.status == 200, (path, answer)
            assert set(figures(json.loads(answer.text))) == {USERS[user]}, (path, answer)

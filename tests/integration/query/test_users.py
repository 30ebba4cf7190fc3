"""The list of users: their agents' states and figures, order, search, and paging."""

from collections.abc import Iterator
from typing import Any, Final, get_args
from uuid import uuid4

import httpx
import psycopg
import pytest

from query.users import WORST
from schemas.users import UserSort
from tests.support.fleet import happen
from tests.support.rows import insert, sample
from tests.support.service import application, bearer, serving, token
from tests.support.stack import Stack, created_database, migrate

PLATFORM: Final = bearer(token("ops", "platform"))
SAMPLES: Final = (
    sample("ann/1", "2026-03-10T14:34Z", 80, 10, messages=100, errors=1, response_ms=10),
    sample("ann/2", "2026-03-10T14:33Z", 20, 30, messages=100, errors=0, response_ms=30),
    sample("ann/2", "2026-03-10T12:00Z", 0, 0, messages=7_000, errors=0, response_ms=30),
    # Silent: its newest sample is no part of the means.
    sample("bob/1", "2026-03-10T14:26Z", 99, 99, messages=10, errors=6),
    sample("cid/1", "2026-03-10T14:34:30Z", 50, 50, messages=50, errors=5, response_ms=99),
)
# User u of the story has an agent that failed, one that is removed, and never sampled.
STORY: Final = "failed x 14:00; removed y 14:00"
ORDERS: Final[dict[UserSort, str]] = {
    "attention": "u bob cid ann",
    "userId": "ann bob cid u",
    "agents": "ann bob cid u",
    "cpu": "ann cid bob u",
    "memory": "cid ann bob u",
    "messages": "ann cid bob u",
    "errors": "bob cid ann u",
    "errorRate": "bob cid ann u",
    "responseTime": "cid ann bob u",
    "lastSeen": "u bob ann cid",
}


@pytest.fixture(scope="module")
def filled(stack: Stack) -> Iterator[str]:
    """Read by all tests, changed by none."""
    with created_database(stack.database_url, f"test_{uuid4().hex[:16]}") as url:
        migrate(url)
        insert(url, SAMPLES)
        with psycopg.connect(url) as connection:
            happen(connection, STORY)
        yield url


async def ask(client: httpx.AsyncClient, parameters: str = "") -> Any:
    answer = await client.get(f"/api/metrics/users?{parameters}", headers=PLATFORM)
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(answer: Any) -> str:
    return " ".join(row["userId"] for row in answer["users"])


async def test_the_answer(filled: str) -> None:
    async with serving(application(filled)) as client:
        answer = await ask(client)
        day = await ask(client, "window=24h&search=a")
    assert answer["users"][0] == {
        "userId": "u",
        "agents": {"active": 0, "inactive": 0, "failed": 1, "removed": 1},
        "cpu": 0.0,
        "memory": 0.0,
        "messages": 0,
        "errors": 0,
        "errorRate": 0.0,
        "responseTime": 0.0,
        "lastSeen": "1970-01-01T00:00:00Z",
    }
    assert answer["users"][3] == {
        "userId": "ann",
        "agents": {"active": 2, "inactive": 0, "failed": 0, "removed": 0},
        "cpu": 50.0,
        "memory": 20.0,
        "messages": 200,
        "errors": 1,
        "errorRate": 0.5,
        "responseTime": 20.0,
        "lastSeen": "2026-03-10T14:34:00Z",
    }
    assert answer["counts"] == {"failed": 1, "ok": 3}
    assert (answer["window"], answer["asOf"], answer["next"]) == (
        "15m",
        "2026-03-10T14:35:00Z",
        "",
    )
    assert [row["messages"] for row in day["users"]] == [7_200]
    assert day["counts"] == {"failed": 0, "ok": 1}


async def test_a_user_is_as_their_own_answers_have_them(filled: str) -> None:
    async with serving(application(filled)) as client:
        for row in (await ask(client))["users"]:
            path = f"/api/metrics/{row['userId']}"
            own = (await client.get(f"{path}/performance", headers=PLATFORM)).json()
            agents = (await client.get(f"{path}/agents", headers=PLATFORM)).json()
            assert row["agents"] == agents["counts"]
            if own["status"] == "ok":
                assert all(row[name] == own[name] for name in ("cpu", "memory", "errorRate"))


async def test_the_worst_come_first_and_both_orders_have_all(filled: str) -> None:
    assert set(WORST) == set(get_args(UserSort)) == set(ORDERS)
    async with serving(application(filled)) as client:
        for sort, expected in ORDERS.items():
            assert names(await ask(client, f"sort={sort}")) == expected, sort
            asc, desc = [
                (await ask(client, f"sort={sort}&order={order}"))["users"]
                for order in ("asc", "desc")
            ]
            figures = [[figure_of(row, sort) for row in rows] for rows in (asc, desc)]
            assert figures[0] == sorted(figures[0]) == figures[1][::-1], sort


def figure_of(row: dict[str, Any], sort: UserSort) -> Any:
    """What a list is sorted by, as its rows show it."""
    if sort == "attention":
        return (row["agents"]["failed"], row["errorRate"])
    if sort == "agents":
        return sum(row["agents"].values()) - row["agents"]["removed"]
    return row[sort]


@pytest.mark.parametrize("sort", ["attention", "userId", "cpu"])
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_have_each_user_once(filled: str, sort: str, order: str) -> None:
    shown: list[str] = []
    following = ""
    async with serving(application(filled)) as client:
        whole = await ask(client, f"sort={sort}&order={order}")
        for number in range(4):
            answer = await ask(client, f"sort={sort}&order={order}&limit=1{following}")
            shown += [row["userId"] for row in answer["users"]]
            following = f"&cursor={answer['next']}"
            assert (answer["next"] == "") == (number == 3)
    assert " ".join(shown) == names(whole)


@pytest.mark.parametrize(
    ("search", "found"), [("a", "ann"), ("", "u bob cid ann"), ("1", ""), ("%25", ""), ("_", "")]
)
async def test_search_is_a_prefix_to_the_letter(filled: str, search: str, found: str) -> None:
    async with serving(application(filled)) as client:
        assert names(await ask(client, f"search={search}")) == found


async def test_a_users_token_reads_no_list_of_users(filled: str) -> None:
    async with serving(application(filled)) as client:
        for path in ("users", "agents"):
            answer = await client.get(f"/api/metrics/{path}", headers=bearer(token("ann")))
            assert answer.status_code == 403

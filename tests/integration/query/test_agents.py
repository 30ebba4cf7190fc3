"""Lists of agents: states by cases and against a model, order, search, paging under change."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, get_args
from uuid import uuid4

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import class_row

from query.agents import WORST, AgentsPageRow, AgentsQuery, agents_of, parameters_of
from query.cursor import resume
from query.paging import PagePosition
from query.window import BUCKETS
from schemas.agents import AgentSort, Window
from sql.named import query
from tests.support.fleet import USER, happen, moment
from tests.support.fleet_model import Life, Sampled, Status, counts
from tests.support.rows import insert, sample
from tests.support.service import NOW, application, bearer, serving, token
from tests.support.stack import Stack, created_database, migrate

CASES: Final = [
    line.split(" | ")
    for line in (Path(__file__).parent / "agents_cases.txt")
    .read_text(encoding="utf-8")
    .splitlines()
    if line and not line.startswith("#")
]
PLATFORM: Final = bearer(token("ops", "platform"))
SECOND: Final = timedelta(seconds=1)
DIRECTIONS: Final = {"asc": 1, "desc": -1}
# Both agents' samples and a refresh lie on either side of these.
WATERMARKS: Final = (
    "2026-03-10T08:00Z",
    "2026-03-10T14:02Z",
    "2026-03-10T14:33Z",
    "2026-12-01T00:00Z",
)


@pytest.fixture(scope="module")
def migrated(stack: Stack) -> Iterator[str]:
    with created_database(stack.database_url, f"test_{uuid4().hex[:16]}") as url:
        migrate(url)
        yield url


@pytest.fixture
def connection(migrated: str) -> Iterator[psycopg.Connection[Any]]:
    """A transaction that leaves nothing behind."""
    with psycopg.connect(migrated, options="-c timezone=UTC") as connection:
        yield connection
        connection.rollback()


def asked(user_id: str | None = USER, **others: Any) -> AgentsQuery:
    defaults = {"state": None, "search": None, "window": "15m", "sort": "agentId", "order": None}
    return AgentsQuery(user_id=user_id, **{**defaults, **others})


def page(
    connection: psycopg.Connection[Any],
    wanted: AgentsQuery,
    now: datetime,
    cursor: str = "",
    limit: int = 500,
) -> dict[str, Any]:
    """An answer as the routes give it, asked in the connection's transaction."""
    place = resume(cursor, wanted.query(), PagePosition, now) if cursor else PagePosition()
    rows = connection.cursor(row_factory=class_row(AgentsPageRow)).execute(
        query("list_agents"), parameters_of(wanted, place, limit, now)
    )
    answer = agents_of(rows.fetchall(), wanted, place, limit, now)
    return dict(msgspec.to_builtins(answer, builtin_types=(datetime,)))


def set_watermark(connection: psycopg.Connection[Any], at: str) -> None:
    connection.execute(
        "update rollup_watermark set (watermark, frontier, hours_before) = ("
        "%(at)s, %(at)s, date_trunc('hour', %(at)s::timestamptz, 'UTC'))",
        {"at": at},
    )


@pytest.mark.parametrize("user_id", [USER, None])
@pytest.mark.parametrize(("story", "now", "expected"), CASES)
def test_case(
    connection: psycopg.Connection[Any], story: str, now: str, expected: str, user_id: str | None
) -> None:
    set_watermark(connection, WATERMARKS[1])
    happen(connection, story)
    wanted = asked(user_id, sort="attention")
    if expected.startswith("removed"):
        wanted = msgspec.structs.replace(wanted, state="removed")
    (row,) = page(connection, wanted, moment(now))["agents"]
    state, since, reason, silent = expected.split()
    assert (row["state"], row["since"]) == (state, moment(since))
    assert (row["reason"], row["silent"]) == (reason.replace("-", ""), silent == "true")


seconds = st.integers(0, 40_000).map(lambda back: NOW + 60 * SECOND - back * SECOND)
near = st.integers(0, 400).map(lambda back: NOW + 60 * SECOND - back * SECOND)
lives = st.builds(
    Life,
    st.lists(
        st.builds(
            Status,
            seconds | near,
            st.sampled_from(("running", "stopped", "failed", "removed")),
            st.sampled_from(("", "why")),
        ),
        max_size=4,
        unique_by=lambda status: (status.ts, status.status),
    ),
    st.lists(
        st.builds(Sampled, seconds | near, st.integers(0, 9), st.integers(0, 9)),
        max_size=8,
        unique_by=lambda one: one.ts,
    ),
).filter(lambda life: life.statuses or life.samples)


def live(connection: psycopg.Connection[Any], agent: str, life: Life) -> None:
    """Stores a life in the order of its lists."""
    for state in life.statuses:
        happen(connection, f"{state.status} {agent} {state.ts.isoformat()} {state.reason}".strip())
    for one in life.samples:
        happen(
            connection,
            f"sample {agent} {one.ts.isoformat()} messages={one.messages} errors={one.errors}",
        )


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(lives, min_size=1, max_size=3),
    st.sampled_from(WATERMARKS),
    st.sampled_from(get_args(Window)),
)
def test_rows_are_as_the_contract_has_them(
    connection: psycopg.Connection[Any], agents: list[Life], watermark: str, window: Window
) -> None:
    connection.rollback()
    set_watermark(connection, watermark)
    for number, life in enumerate(agents):
        live(connection, f"a{number}", life)
    expected = [life.row(NOW, BUCKETS[window]) for life in agents]
    for user_id in (USER, None):
        found = []
        for state in ("active", "inactive", "failed", "removed"):
            answer = page(connection, asked(user_id, window=window, state=state), NOW)
            assert answer["counts"] == counts(agents, NOW)
            found += answer["agents"]
        found.sort(key=lambda row: row["agentId"])
        assert [{name: row[name] for name in expected[0]} for row in found] == expected
    assert platform_counts(connection) == counts(agents, NOW) | {"removed": None}


def platform_counts(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """The states as part 1 counts them."""
    row = connection.execute("select * from count_agents(%s)", [NOW]).fetchone() or (0, 0, 0)
    total, active, failed = row[:3]
    counted = {"active": active, "inactive": total - active - failed, "failed": failed}
    return {**counted, "removed": None}


FLEET: Final = """
    failed f1 12:00; failed f2 13:00; stopped i1 14:00; sample i2 14:10 messages=9 errors=9 ms=5;
    sample a1 14:34 messages=100 errors=1 ms=50 used=70 total=100; removed r1 10:00;
    running a2 14:20; sample a2 14:33 messages=10 errors=9 ms=70 used=20 total=80;
    sample a3 09:00; sample a3 14:34:30 errors=4 used=500 total=1000
"""
ORDERS: Final[dict[AgentSort, str]] = {
    "attention": "f2 f1 i2 i1 a1 a2 a3",
    "agentId": "a1 a2 a3 f1 f2 i1 i2",
    "lastSeen": "f1 f2 i1 i2 a2 a1 a3",
    "cpu": "a1 a2 a3 i2 f1 f2 i1",
    "memory": "a1 a2 a3 i2 f1 f2 i1",
    "storage": "a3 a1 a2 f1 f2 i1 i2",
    "messages": "a1 a2 a3 f1 f2 i1 i2",
    "errors": "a2 a3 a1 f1 f2 i1 i2",
    "errorRate": "a3 a2 a1 f1 f2 i1 i2",
    "responseTime": "a2 a1 a3 f1 f2 i1 i2",
}


@pytest.mark.parametrize("sort", get_args(AgentSort))
@pytest.mark.parametrize("user_id", [USER, None])
def test_the_worst_come_first(
    connection: psycopg.Connection[Any], sort: AgentSort, user_id: str | None
) -> None:
    happen(connection, FLEET)
    answer = page(connection, asked(user_id, sort=sort), NOW)
    assert " ".join(row["agentId"] for row in answer["agents"]) == ORDERS[sort]
    assert answer["counts"] == {"active": 3, "inactive": 2, "failed": 2, "removed": 1}


@pytest.mark.parametrize("sort", get_args(AgentSort))
def test_both_orders_have_all_in_turn(connection: psycopg.Connection[Any], sort: AgentSort) -> None:
    happen(connection, FLEET)
    pages = {}
    for order in ("asc", "desc"):
        rows = page(connection, asked(sort=sort, order=order), NOW)["agents"]
        pages[order] = [figure_of(row, sort) for row in rows]
    assert pages["asc"] == pages["desc"][::-1]
    assert pages["asc"] == sorted(pages["asc"])


RANKS: Final = ("removed", "active", "inactive", "failed")


def figure_of(row: dict[str, Any], sort: AgentSort) -> Any:
    """What a list is sorted by, as its rows show it."""
    if sort == "attention":
        return (RANKS.index(row["state"]), row["since"])
    return row["storageUsed" if sort == "storage" else sort]


SEARCHES: Final = [
    ("a", "a1 a2 a3"), ("a1", "a1"), ("A", ""), ("1", ""), ("", "a1 a2 a3 f1 f2 i1 i2"), ("%", ""),
    ("_", ""), ("a_", ""), ("\\", ""), ("u", ""), ("'", ""),
]  # fmt: skip


@pytest.mark.parametrize(("search", "found"), SEARCHES)
def test_search_is_a_prefix_to_the_letter(
    connection: psycopg.Connection[Any], search: str, found: str
) -> None:
    happen(connection, FLEET)
    answer = page(connection, asked(search=search), NOW)
    assert " ".join(row["agentId"] for row in answer["agents"]) == found
    assert sum(answer["counts"].values()) == len(found.split()) + (search == "")


def test_the_fleet_is_searched_by_users_too(connection: psycopg.Connection[Any]) -> None:
    happen(connection, FLEET)
    assert len(page(connection, asked(None, search=USER), NOW)["agents"]) == 7
    assert len(page(connection, asked(None, search="a"), NOW)["agents"]) == 3


changes = st.lists(
    st.tuples(
        st.integers(0, 11),
        st.sampled_from(("sample", "sample", "sample", "failed", "running", "stopped", "new")),
        st.integers(0, 99),
    ),
    max_size=6,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(get_args(AgentSort)),
    st.sampled_from(("asc", "desc")),
    st.sampled_from((USER, None)),
    st.integers(1, 5),
    st.lists(changes, min_size=12, max_size=12),
)
def test_each_agent_comes_exactly_once_while_values_change(
    connection: psycopg.Connection[Any],
    sort: AgentSort,
    order: str,
    user_id: str | None,
    limit: int,
    between: list[list[tuple[int, str, int]]],
) -> None:
    connection.rollback()
    set_watermark(connection, WATERMARKS[1])
    agents = [f"a{number}" for number in range(12)]
    for number, agent in enumerate(agents):
        happen(connection, f"sample {agent} 14:{number:02} messages={number} errors=1 ms={number}")
    wanted = asked(user_id, sort=sort, order=order)
    shown: list[str] = []
    cursor, now = "", NOW
    for turn in [*between, *[[]] * 12]:
        answer = page(connection, wanted, now, cursor, limit)
        shown += [row["agentId"] for row in answer["agents"]]
        cursor = answer["next"]
        if not cursor:
            break
        now += 20 * SECOND
        for place, (number, what, value) in enumerate(turn):
            change(connection, number, what, value, now + place * timedelta(milliseconds=1))
    assert not cursor
    assert sorted(shown) == sorted(set(shown))
    assert set(shown) >= set(agents)


def change(
    connection: psycopg.Connection[Any], agent: int, what: str, value: int, at: datetime
) -> None:
    """One agent reports; a new one is never a name of old."""
    if what == "new":
        happen(connection, f"sample b{at.timestamp():f} {at.isoformat()} messages={value}")
    elif what == "sample":
        figures = f"messages={value} errors={value % 7} ms={value} used={value} total=100"
        happen(connection, f"sample a{agent} {at.isoformat()} {figures}")
    else:
        happen(connection, f"{what} a{agent} {at.isoformat()}")


def test_a_summary_has_what_is_read_without_it(connection: psycopg.Connection[Any]) -> None:
    """The same rows, and the moment they are of; what is kept of them holds for five seconds."""
    now = connection.execute("select now()").fetchone()
    assert now is not None
    for number in range(6):
        at = (now[0] - number * timedelta(minutes=2, seconds=1)).isoformat()
        happen(connection, f"sample a{number} {at} messages={number} errors=1 ms=9 used=1 total=2")
    happen(connection, f"failed a5 {now[0].isoformat()} oom; stopped a6 {now[0].isoformat()}")
    connection.execute(query("keep_agent_summary"))
    kept = page(connection, asked(None), now[0])
    assert kept["asOf"] > now[0]
    connection.execute("update agent_summary_run set kept_at = kept_at - interval '6 seconds'")
    read = page(connection, asked(None), kept["asOf"])
    assert read == kept
    assert [row["state"] for row in read["agents"]] == [
        *["active"] * 3,
        *["inactive"] * 2,
        "failed",
        "inactive",
    ]


def test_a_silence_that_a_refresh_saw_begins_the_next_state(
    connection: psycopg.Connection[Any],
) -> None:
    (now,) = connection.execute("select now()").fetchone() or (NOW,)
    back = now - timedelta(seconds=10)
    set_watermark(connection, (now - timedelta(minutes=1)).isoformat())
    happen(connection, f"sample a {(now - timedelta(hours=2)).isoformat()}")
    connection.execute(query("keep_agent_summary"))
    happen(connection, f"sample a {back.isoformat()}; sample a {now.isoformat()}")
    for _ in range(2):
        connection.execute(query("keep_agent_summary"))
        for user_id in (USER, None):
            (row,) = page(connection, asked(user_id), now)["agents"]
            assert (row["state"], row["since"]) == ("active", back)


@pytest.mark.parametrize("days", [0, 20, 29, 35, 45])
def test_uptime_is_that_of_thirty_days_wherever_the_watermark_is(
    connection: psycopg.Connection[Any], days: int
) -> None:
    set_watermark(connection, (NOW - timedelta(days=45)).isoformat())
    for age in (40, 31, 28, 10, 1):
        happen(connection, f"sample a {(NOW - timedelta(days=age)).isoformat()}")
    upto = NOW - timedelta(days=days)
    connection.execute("update rollup_watermark set frontier = %s", [upto])
    connection.execute("select aggregate_samples(%s)", [upto])
    (row,) = page(connection, asked(), NOW)["agents"]
    in_thirty_days = (NOW - NOW.replace(hour=0, minute=0)) + timedelta(days=29)
    assert row["uptime"] == round(100 * 3 / (in_thirty_days // timedelta(minutes=5)), 2)


def test_what_is_gone_leaves_the_summary(connection: psycopg.Connection[Any]) -> None:
    happen(connection, "sample a 14:34; sample b 14:34")
    connection.execute(query("keep_agent_summary"))
    connection.execute(
        "delete from agent_latest where agent_key = (select min(agent_key) from agent_latest)"
    )
    connection.execute(query("keep_agent_summary"))
    assert connection.execute("select count(*) from agent_summary").fetchone() == (1,)


async def test_the_answer(database: str) -> None:
    insert(
        database,
        [sample("alice/a", "2026-03-10T14:34Z", 12.345, 50, messages=4, errors=1, response_ms=8)],
    )
    async with serving(application(database)) as client:
        response = await client.get("/api/metrics/alice/agents/a", headers=bearer(token("alice")))
        listed = await client.get("/api/metrics/alice/agents", headers=bearer(token("alice")))
        fleet = await client.get("/api/metrics/agents", headers=PLATFORM)
    row = {
        "userId": "alice",
        "agentId": "a",
        "state": "active",
        "since": "2026-03-10T14:34:00Z",
        "reason": "",
        "silent": False,
        "firstSeen": "2026-03-10T14:34:00Z",
        "lastSeen": "2026-03-10T14:34:00Z",
        "cpu": 12.35,
        "memory": 50.0,
        "storageUsed": 0.0,
        "storageTotal": 0.0,
        "messages": 4,
        "errors": 1,
        "errorRate": 25.0,
        "responseTime": 8.0,
        "uptime": 100.0,
    }
    shared = {"window": "15m", "asOf": "2026-03-10T14:35:00Z"}
    assert response.json() == {**row, "deployments": [], **shared}
    page = {
        "agents": [row],
        "counts": {"active": 1, "inactive": 0, "failed": 0, "removed": 0},
        "next": "",
        **shared,
    }
    assert listed.json() == page
    assert fleet.json() == page


async def test_an_agent_has_its_newest_deployments(database: str) -> None:
    with psycopg.connect(database) as connection:
        happen(connection, "sample a 14:34; deployment other 14:30 failed b")
        for number in range(12):
            happen(connection, f"deployment d{number} 13:{number:02} succeeded")
    async with serving(application(database)) as client:
        answer = (await client.get(f"/api/metrics/{USER}/agents/a", headers=PLATFORM)).json()
        deployed = await client.get(f"/api/metrics/{USER}/agents/b", headers=PLATFORM)
    assert [one["deploymentId"] for one in answer["deployments"]] == [
        f"d{number}" for number in range(11, 1, -1)
    ]
    assert answer["deployments"][0] == {
        "deploymentId": "d11",
        "ts": "2026-03-10T13:11:00Z",
        "status": "succeeded",
    }
    # It was only deployed to: nobody has heard of it.
    assert deployed.status_code == 404
    assert deployed.json() == {"error": "This user has no agent with that id."}


REFUSED: Final[Sequence[tuple[str, str]]] = [
    ("state=running", "state takes one of active"),
    ("state=", "state takes one of active"),
    ("window=5m", "window takes one of 15m"),
    ("sort=state", "sort takes one of attention, agentId"),
    ("order=up", "order takes one of asc"),
    ("limit=0", "limit takes a whole number from 1 to 500"),
    ("limit=501", "limit takes a whole number from 1 to 500"),
    ("limit=ten", "limit takes a whole number from 1 to 500"),
    (f"search={'x' * 129}", "search takes a prefix of ids"),
    ("search=%00", "search takes a prefix of ids"),
    ("cursor=", "cursor takes the field next of"),
    ("cursor=AAAA", "cursor takes the field next of"),
    ("limit=1&limit=1", "limit takes a whole number"),
    ("sort=cpu&sort=cpu", "sort takes one of attention, agentId"),
    ("states=failed", "states is unknown: the query parameters of this path: state, search,"),
]


@pytest.mark.parametrize(("parameters", "sentence"), REFUSED)
@pytest.mark.parametrize("path", ["/api/metrics/agents", "/api/metrics/u/agents"])
async def test_what_is_no_parameter_is_refused(path: str, parameters: str, sentence: str) -> None:
    async with serving(application("postgresql://nobody@127.0.0.1:1/nothing")) as client:
        answer = await client.get(f"{path}?{parameters}", headers=PLATFORM)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(sentence)


async def test_a_cursor_is_of_one_list(database: str) -> None:
    insert(database, [sample(f"alice/{name}", "2026-03-10T14:34Z") for name in "abc"])
    path = "/api/metrics/alice/agents"
    async with serving(application(database)) as client:
        first = (await client.get(f"{path}?limit=1&sort=cpu", headers=PLATFORM)).json()
        following = first["next"]
        second = await client.get(f"{path}?limit=2&sort=cpu&cursor={following}", headers=PLATFORM)
        for other in (
            f"{path}?cursor={following}",
            f"{path}?sort=memory&cursor={following}",
            f"{path}?sort=cpu&order=asc&cursor={following}",
            f"{path}?sort=cpu&window=1h&cursor={following}",
            f"{path}?sort=cpu&state=active&cursor={following}",
            f"/api/metrics/bob/agents?sort=cpu&cursor={following}",
            f"/api/metrics/agents?sort=cpu&cursor={following}",
            f"/api/metrics/users?sort=cpu&cursor={following}",
        ):
            assert (await client.get(other, headers=PLATFORM)).status_code == 400, other
    assert [row["agentId"] for row in second.json()["agents"]] == ["b", "c"]
    assert second.json()["next"] == ""


def test_every_sort_has_an_order() -> None:
    assert set(WORST) == set(get_args(AgentSort)) == set(ORDERS)
    assert set(WORST.values()) == set(DIRECTIONS)

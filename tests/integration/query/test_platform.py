"""The platform's figures, case by case (`platform_cases.txt`), against a real database."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest
from psycopg.rows import class_row

from query.platform import PlatformTotals, moments_of, platform_of
from sql.named import query
from tests.support.fleet import happen, moment
from tests.support.rows import insert, sample
from tests.support.service import NOW, application, bearer, serving, token
from tests.support.stack import Stack, created_database, migrate

LINES = (Path(__file__).parent / "platform_cases.txt").read_text(encoding="utf-8").splitlines()
CASES = [line.split(" | ") for line in LINES if line and not line.startswith("#")]
PLATFORM = bearer(token("ops", "platform"))


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


def ask(connection: psycopg.Connection[Any], now: str) -> dict[str, str]:
    """The answer's figures in the contract's order, by group; and the state of agent a."""
    moments = moments_of(moment(now))
    cursor = connection.cursor(row_factory=class_row(PlatformTotals))
    (totals,) = cursor.execute(query("platform"), msgspec.structs.asdict(moments)).fetchall()
    metrics = msgspec.to_builtins(platform_of(totals, moments))["metrics"]
    state = connection.execute("select state from agents_now where agent_id = 'a'").fetchone()
    groups = {group: " ".join(map(str, figures.values())) for group, figures in metrics.items()}
    return {**groups, "state": state[0] if state else ""}


@pytest.mark.parametrize(
    ("story", "now", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_case(connection: psycopg.Connection[Any], story: str, now: str, expected: str) -> None:
    happen(connection, story)
    answer = ask(connection, now)
    assert {f"{group} {answer[group]}" for group in answer} >= set(expected.split("; "))


def test_analysts_see_the_same_fleet(connection: psycopg.Connection[Any]) -> None:
    """All cases of states at once, each with its own agents: two definitions, one outcome."""
    stories = [story for _, story, _, expected in CASES if "state" in expected]
    for number, story in enumerate(stories):
        happen(connection, story, mark=f"{number}-")
    seen = connection.execute(
        """
        select
            count(*) filter (where state <> 'removed'),
            count(*) filter (
                where state = 'running' and time > %(now)s::timestamptz - interval '5 minutes'
            ),
            count(*) filter (where state = 'failed')
        from agents_now
        """,
        {"now": moment("14:35")},
    ).fetchone()
    total, active, inactive, failed = map(int, ask(connection, "14:35")["agents"].split())
    assert len(stories) == 29
    assert (total, active, failed) == seen
    assert inactive == total - active - failed


# When a summary was counted, how long that took, and whether it answers.
SUMMARIES = [
    ("-1 second", "0", True),
    ("-6 seconds", "0", False),
    # Counting takes long: so it is done less often.
    ("-6 seconds", "1 second", True),
    ("-11 seconds", "1 second", False),
    # The server's clock was ahead then: nobody knows how old it is.
    ("1 second", "0", False),
    ("1 day", "1 hour", False),
]


@pytest.mark.parametrize(("age", "took", "answers"), SUMMARIES)
def test_a_summary_answers_while_it_is_of_use(
    connection: psycopg.Connection[Any], age: str, took: str, answers: bool
) -> None:
    happen(connection, "sample a 14:34")
    connection.execute(query("keep_platform_summary"))
    connection.execute(
        "update platform_summary "
        "set agents = 77, counted_at = statement_timestamp() + %s::interval, took = %s",
        [age, took],
    )
    total = ask(connection, "14:35")["agents"].split()[0]
    assert total == ("77" if answers else "1")


def test_a_shard_may_be_negative(connection: psycopg.Connection[Any]) -> None:
    statuses = ("pending", "failed", "succeeded", "succeeded")
    for shard, status in enumerate(statuses):
        connection.execute(query("set_shard"), {"shard": str(shard)})
        happen(connection, f"deployment d 14:3{shard} {status}")
    rows = connection.execute("select status, shard, deployments from deployment_counts").fetchall()
    assert set(rows) == {
        ("pending", 0, 1), ("pending", 1, -1), ("failed", 1, 1), ("failed", 2, -1),
        ("succeeded", 2, 1),
    }  # fmt: skip
    assert ask(connection, "14:35")["deployments"] == "1 1 0"


async def test_the_answer(database: str) -> None:
    insert(database, [sample("alice/a", "2026-03-10T14:34Z", messages=4, errors=1, response_ms=8)])
    async with serving(application(database)) as client:
        response = await client.get("/api/metrics", headers=PLATFORM)
    assert response.status_code == 200
    assert response.json() == {
        "metrics": {
            "agents": {"total": 1, "active": 1, "inactive": 0, "failed": 0},
            "messages": {"today": 4, "thisWeek": 4, "thisMonth": 4},
            "deployments": {"total": 0, "successful": 0, "failed": 0},
            "uptime": {"platformUptime": 0.0, "averageAgentUptime": 100.0},
            "performance": {
                "averageResponseTime": 8.0,
                "successRate": "75.00",
                "errorRate": "25.00",
            },
            "storage": {"used": 0.0, "total": 0.0, "percentUsed": 0.0},
        },
        "timestamp": NOW.isoformat().replace("+00:00", "Z"),
        "status": "ok",
    }


async def test_who_may_ask(database: str) -> None:
    async with serving(application(database)) as client:
        answers = [
            await client.get(path, headers=headers)
            for path in ("/api/metrics", "/api/metrics/")
            for headers in (PLATFORM, bearer(token("alice")), {})
        ]
        unknown = await client.get("/api/metrics?userId=alice", headers=PLATFORM)
        other = await client.post("/api/metrics", headers=PLATFORM)
    assert [answer.status_code for answer in answers] == [200, 403, 401] * 2
    assert (unknown.status_code, unknown.json()) == (
        400,
        {"error": "userId is unknown: the query parameters of this path: none."},
    )
    assert other.status_code == 405


async def test_a_failure_says_its_sentence(empty_database: str) -> None:
    async with serving(application(empty_database)) as client:
        answer = await client.get("/api/metrics", headers=PLATFORM)
    assert (answer.status_code, answer.json()) == (500, {"error": "Failed to fetch metrics"})

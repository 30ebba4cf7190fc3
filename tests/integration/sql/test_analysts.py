"""Analysts: what the page promises, asked as one of them."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors

from tests.integration.sql.analysts import (
    BUSINESS,
    NOW,
    PAGE,
    QUESTIONS,
    READS,
    SMALL,
    Logins,
    as_role,
    let_in,
    logins,
    relations,
    store_business,
    store_history,
    values_of,
)
from tests.support.stack import Stack, created_database, migrate

# The answers at NOW, times as text in UTC.
ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    "Which agents are busiest today?": [
        ("bob", "a1", "1000", "0"),
        ("alice", "a2", "300", "2"),
        ("alice", "a1", "200", "9"),
        ("bob", "back", "0", "0"),
        ("bob", "gone", "0", "0"),
    ],
    "What is each agent's error rate in the last hour?": [
        ("a2", "0", "2", "100.00"),
        ("a1", "200", "9", "4.50"),
    ],
    "How much CPU did agents take each day this month?": [
        ("2026-03-01 00:00:00+00", "50", "50.0"),
        ("2026-03-09 00:00:00+00", "90", "90.0"),
        ("2026-03-10 00:00:00+00", "60", "28.0"),
    ],
    "And the 95th percentile?": [
        ("2026-03-09 00:00:00+00", "90.0"),
        ("2026-03-10 00:00:00+00", "56.0"),
    ],
    "Which agents have been silent for 10 minutes?": [
        ("alice", "a2", "2026-03-10 14:00:00+00", "00:30:00"),
    ],
    "Which agents have failed, and why?": [
        ("bob", "dead", "2026-03-10 14:20:00+00", "out of memory"),
    ],
    "Which agents come and go?": [("a1", "2", "00:35:00")],
    "Which agents were up least yesterday?": [("alice", "a1", "0.3")],
    "How many messages has the fleet processed, day by day this month?": [
        ("2026-03-01 00:00:00+00", "5", "0"),
        ("2026-03-09 00:00:00+00", "20", "1"),
        ("2026-03-10 00:00:00+00", "1500", "11"),
    ],
    "And one user's agents?": [
        ("2026-03-01 00:00:00+00", "5", "0"),
        ("2026-03-09 00:00:00+00", "20", "1"),
        ("2026-03-10 00:00:00+00", "500", "11"),
    ],
    "How long do answers take, hour by hour?": [
        ("2026-03-10 13:00:00+00", "87.5"),
        ("2026-03-10 14:00:00+00", "100.0"),
    ],
    "How is the whole fleet doing, hour by hour?": [
        ("2026-03-10 13:00:00+00", "400", "9", "13.3", "87.5"),
        ("2026-03-10 14:00:00+00", "1100", "2", "26.0", "100.0"),
    ],
    "Whose storage is nearly full?": [("alice", "a1", "92.5", "15")],
    "What exactly did one agent send in the last 15 minutes?": [
        ("2026-03-10 14:28:00+00", "60", "0", "0", "0", None),
    ],
    "What happened on Tuesday from 14:00 to 16:00?": [
        ("2026-03-10 14:31:00", "bob", "gone", "status", "removed", None, None),
        ("2026-03-10 14:55:00", "bob", "back", "deployment", "pending", None, "d9"),
        ("2026-03-10 15:00:00", "bob", "back", "status", "failed", "disk full", None),
        ("2026-03-10 15:10:00", "bob", "back", "status", "stopped", None, None),
        ("2026-03-10 15:20:00", "bob", "dead", "status", "failed", "out of memory", None),
    ],
    "Which agents were down then, and for how long?": [
        ("bob", "back", "failed", "disk full", "2026-03-10 14:00:00+00", "00:10:00"),
        ("bob", "back", "stopped", None, "2026-03-10 14:10:00+00", "00:20:00"),
        ("bob", "dead", "failed", "out of memory", "2026-03-10 14:20:00+00", "00:10:00"),
    ],
    "What was a user's revenue, day by day this month?": [
        ("2026-03-01", "EUR", "700", "1"),
        ("2026-03-01", "USD", "750", "2"),
        ("2026-03-10", "USD", "200", "1"),
    ],
    "How do the months of a year compare?": [
        ("2025-04-01 00:00:00+00", "USD", "50", "1"),
        ("2026-03-01 00:00:00+00", "EUR", "700", "1"),
        ("2026-03-01 00:00:00+00", "USD", "950", "3"),
    ],
    "Which payments were the largest?": [
        ("2026-03-01 13:00:00+00", "e", "700", "EUR"),
        ("2026-03-01 00:00:00+00", "c", "1000", "USD"),
        ("2026-03-10 14:00:00+00", "f", "200", "USD"),
    ],
    "Which bookings have been pending for a week?": [
        ("b1", "2026-03-01 12:00:00+00", "9 days"),
    ],
    "How many fans are there, and how many are still active?": [
        ("casual", "2", "1"),
        ("new", "1", "1"),
    ],
    "How much was played each day of the last two weeks?": [
        ("2026-02-25", "3"),
        ("2026-03-10", "2"),
    ],
    "How many people listened in the last 7 days?": [("1",)],
    "Which skills are off, and since when?": [("s2", "2026-03-02 00:00:00+00")],
    "Which deployments failed in the last week?": [
        ("bob", "a1", "d2", "2026-03-09 00:00:00+00"),
    ],
}


@pytest.fixture(scope="module")
def roles(stack: Stack) -> Iterator[Logins]:
    with logins(stack.database_url) as made:
        yield made


@pytest.fixture(scope="module")
def history(roles: Logins, stack: Stack) -> Iterator[str]:
    with created_database(stack.database_url, f"test_{uuid4().hex[:16]}") as url:
        migrate(url)
        store_history(url)
        store_business(url)
        yield url


@pytest.fixture(scope="module")
def analyst(roles: Logins, history: str) -> str:
    """The URL of a login that was granted access as the page says."""
    name = f"test_{uuid4().hex[:12]}"
    roles.names.append(name)
    let_in(history, name)
    return as_role(history, name)


def one(url: str, query: str) -> Any:
    """The single value of a query's single row."""
    with psycopg.connect(url) as connection:
        (row,) = connection.execute(query.encode()).fetchall()
    (value,) = row
    return value


def test_the_page_has_a_block_for_every_question() -> None:
    assert len(QUESTIONS) == PAGE.count("```sql") - 1 == PAGE.count("\n### ")
    assert set(QUESTIONS) == set(ANSWERS)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_runs_as_it_stands(analyst: str, question: str) -> None:
    with psycopg.connect(analyst) as connection:
        connection.execute(QUESTIONS[question].encode()).fetchall()


@pytest.mark.parametrize("question", ANSWERS)
def test_a_question_is_answered(analyst: str, question: str) -> None:
    with psycopg.connect(analyst) as connection:
        # Every value as the server writes it.
        for oid in {t.oid for t in psycopg.adapters.types}:
            connection.adapters.register_loader(oid, psycopg.types.string.TextLoader)
        found = connection.execute(QUESTIONS[question].replace("now()", NOW).encode()).fetchall()
    assert found == ANSWERS[question]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_reads_its_aggregate(history: str, question: str) -> None:
    query = QUESTIONS[question]
    words = query.split()
    reads = READS | BUSINESS
    (view,) = {word for word in words if word in reads and words[words.index(word) - 1] == "from"}
    with psycopg.connect(history) as connection:
        found = relations(connection, query)
    assert found - SMALL == reads[view]


def is_business(question: str) -> bool:
    return any(f"from {view}\n" in QUESTIONS[question] for view in BUSINESS)


@pytest.mark.parametrize("question", [q for q, text in QUESTIONS.items() if "alice" in text])
def test_a_user_is_asked_for_by_key(history: str, question: str) -> None:
    """The condition has to be one on the aggregate's index, not one on `agents` after a join."""
    condition = "user_id = 'alice'" if is_business(question) else "agent_key = ANY"
    with psycopg.connect(history) as connection:
        connection.execute("set enable_seqscan = off")
        connection.execute("set enable_bitmapscan = off")
        explain = f"explain (format json) {QUESTIONS[question].replace('now()', NOW)}"
        (plan,) = connection.execute(explain.encode()).fetchone() or ("",)
    conditions = list(values_of(plan, "Index Cond"))
    assert [c for c in conditions if condition in c], json.dumps(plan, indent=1)


FORBIDDEN = [
    "select * from agent_samples",
    "select * from agent_latest",
    "select * from agent_states",
    "select * from agent_metrics_5m",
    "select * from agent_metrics_1h",
    "select * from agent_metrics_1d",
    "select * from rollup_1h",
    "select * from agent_newest",
    "select * from platform_metrics_1h",
    "select * from ingest_offsets",
    "select * from payments",
    "select * from revenue_days",
    "select * from listeners",
    "select * from schema_migrations",
    "select * from limit_analysts()",
    "insert into agents (user_id, agent_id) values ('eve', 'e1')",
    "update agents set user_id = 'eve'",
    "delete from agents",
    "truncate agents",
    "lock table agents in access exclusive mode",
    "drop view samples",
    "alter table agents add column mine text",
    "create table mine ()",
    "create temporary table mine ()",
    "create view mine as select 1 as one",
    "create function mine() returns int language sql as 'select 1'",
    "create schema mine",
    "create role mine",
    "copy agents to program 'true'",
    "select drop_chunks('agent_samples', now())",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_rights_hold_without_the_read_only_default(analyst: str, statement: str) -> None:
    with psycopg.connect(analyst) as connection:
        connection.execute("set transaction read write")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement.encode())
        connection.rollback()


def test_a_chunk_is_as_closed_as_its_table(history: str, analyst: str) -> None:
    chunk = one(history, "select show_chunks('agent_samples')::text limit 1")
    with psycopg.connect(analyst) as connection:
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(f"table {chunk}".encode())
        connection.rollback()


def test_views_and_agents_are_all_that_is_granted(history: str, analyst: str) -> None:
    granted = one(
        history,
        "select array_agg(relname::text || ':' || privilege_type order by relname) "
        "from pg_class, aclexplode(relacl) "
        "where grantee = (select oid from pg_roles where rolname = 'fleetgauge_analyst')",
    )
    assert granted == sorted(f"{name}:SELECT" for name in [*READS, *BUSINESS, "agents"])


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("statement_timeout", "30s"),
        ("idle_in_transaction_session_timeout", "1min"),
        ("default_transaction_read_only", "on"),
        ("timezone", "UTC"),
    ],
)
def test_limits_are_in_force(analyst: str, setting: str, value: str) -> None:
    assert one(analyst, f"show {setting}") == value

"""Every query of the dashboards and of Grafana's alerts, asked of the database as an analyst."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.integration.sql.analysts import (
    BUSINESS,
    NOW,
    READS,
    SMALL,
    as_role,
    let_in,
    logins,
    relations,
    store_business,
    store_history,
    values_of,
)
from tests.support.dashboards import (
    POSTGRESQL,
    Target,
    annotations,
    expanded,
    filled,
    provisioned,
    targets,
    variables,
)
from tests.support.stack import Stack, created_database, migrate

START, STOP = "2026-02-24T14:30:00Z", "2026-03-10T14:30:00Z"
STEPS = {"metrics_24h": "5m", "metrics_7d": "1h", "metrics_30d": "1d"}
PANELS = list(targets(POSTGRESQL))
SQL = [*PANELS, *annotations(POSTGRESQL)]
CASES = [
    pytest.param(target, buckets, id=f"{target.name}-{buckets}")
    for target in SQL
    for buckets in (STEPS if "${buckets:raw}" in target.text else ["metrics_24h"])
]
DEPLOYED = b"""
insert into deployment_events (user_id, ts, deployment_id, status, agent_id)
values ('alice', '2026-03-09T09:00Z', 'd7', 'succeeded', 'a1')
"""
FAILED_DEPLOYMENT = b"""
insert into deployments (user_id, deployment_id, agent_id, ts, status)
values ('alice', 'd2', 'a1', '2026-03-08T00:00Z', 'failed')
"""
TIMESTAMP = 1184
NUMBERS = {20, 23, 700, 701, 1700}
TEXT = {25, 1043}


# At NOW, two weeks back, buckets of an hour, alice and her a1; values as the server writes them.
SHOWN: dict[str, list[tuple[Any, ...]]] = {
    "fleet/Agents": [("5", "3", "1", "1")],
    "fleet/Messages and errors": [
        ("2026-02-28 23:00:00+00", "7", "0"),
        ("2026-03-01 12:00:00+00", "5", "0"),
        ("2026-03-09 10:00:00+00", "20", "1"),
        ("2026-03-10 13:00:00+00", "400", "9"),
        ("2026-03-10 14:00:00+00", "1100", "2"),
    ],
    "fleet/Error rate": [
        ("2026-02-28 23:00:00+00", "0"),
        ("2026-03-01 12:00:00+00", "0"),
        ("2026-03-09 10:00:00+00", "5"),
        ("2026-03-10 13:00:00+00", "2.25"),
        ("2026-03-10 14:00:00+00", "0.18181818181818182"),
    ],
    "fleet/Response time": [
        ("2026-02-28 23:00:00+00", None),
        ("2026-03-01 12:00:00+00", None),
        ("2026-03-09 10:00:00+00", None),
        ("2026-03-10 13:00:00+00", "87.5"),
        ("2026-03-10 14:00:00+00", "100"),
    ],
    "fleet/CPU": [
        ("2026-02-28 23:00:00+00", "10", "10"),
        ("2026-03-01 12:00:00+00", "50", "50"),
        ("2026-03-09 10:00:00+00", "90", "90"),
        ("2026-03-10 13:00:00+00", "13.333333333333334", "20"),
        ("2026-03-10 14:00:00+00", "26", "60"),
    ],
    "fleet/Memory": [
        ("2026-02-28 23:00:00+00", "0", "0"),
        ("2026-03-01 12:00:00+00", "0", "0"),
        ("2026-03-09 10:00:00+00", "0", "0"),
        ("2026-03-10 13:00:00+00", "0", "0"),
        ("2026-03-10 14:00:00+00", "0", "0"),
    ],
    "fleet/Users today": [("bob", "3", "1000", "0"), ("alice", "2", "500", "11")],
    "fleet/Busiest agents today": [
        ("bob", "a1", "1000", "0"),
        ("alice", "a2", "300", "2"),
        ("alice", "a1", "200", "9"),
        ("bob", "back", "0", "0"),
        ("bob", "gone", "0", "0"),
    ],
    "fleet/Failed agents": [("bob", "dead", "2026-03-10 14:20:00+00", "out of memory")],
    "fleet/Silent agents": [("alice", "a2", "2026-03-10 14:00:00+00", "1800")],
    "fleet/Storage nearly full": [("alice", "a1", "92.5", "15")],
    "fleet/Failed deployments": [
        ("2026-03-09 00:00:00+00", "bob", "a1", "d2"),
        ("2026-03-08 00:00:00+00", "alice", "a1", "d2"),
        ("2026-03-03 00:00:00+00", "bob", "a1", "d1"),
    ],
    "fleet/What happened": [
        ("2026-03-10 14:20:00+00", "bob", "dead", "status", "failed", "out of memory", None),
        ("2026-03-10 14:10:00+00", "bob", "back", "status", "stopped", None, None),
        ("2026-03-10 14:00:00+00", "bob", "back", "status", "failed", "disk full", None),
        ("2026-03-10 13:55:00+00", "bob", "back", "deployment", "pending", None, "d9"),
        ("2026-03-10 13:31:00+00", "bob", "gone", "status", "removed", None, None),
        ("2026-03-09 09:00:00+00", "alice", "a1", "deployment", "succeeded", None, "d7"),
    ],
    "fleet/Failures": [
        ("2026-03-10 14:20:00+00", "bob / dead", "status failed out of memory", "status"),
        ("2026-03-10 14:00:00+00", "bob / back", "status failed disk full", "status"),
    ],
    "user/What happened": [
        ("2026-03-09 09:00:00+00", "a1", "deployment", "succeeded", None, "d7"),
    ],
    "user/Status changes and deployments": [
        ("2026-03-09 09:00:00+00", "a1", "deployment succeeded d7", "deployment,succeeded"),
    ],
    "user/Agents": [("2", "1", "1", "0")],
    "user/Messages and errors": [
        ("2026-03-01 12:00:00+00", "5", "0"),
        ("2026-03-09 10:00:00+00", "20", "1"),
        ("2026-03-10 13:00:00+00", "400", "9"),
        ("2026-03-10 14:00:00+00", "100", "2"),
    ],
    "user/Error rate": [
        ("2026-03-01 12:00:00+00", "0"),
        ("2026-03-09 10:00:00+00", "5"),
        ("2026-03-10 13:00:00+00", "2.25"),
        ("2026-03-10 14:00:00+00", "2"),
    ],
    "user/Response time": [
        ("2026-03-01 12:00:00+00", None),
        ("2026-03-09 10:00:00+00", None),
        ("2026-03-10 13:00:00+00", "87.5"),
        ("2026-03-10 14:00:00+00", "100"),
    ],
    "user/CPU": [
        ("2026-03-01 12:00:00+00", "50", "50"),
        ("2026-03-09 10:00:00+00", "90", "90"),
        ("2026-03-10 13:00:00+00", "15", "20"),
        ("2026-03-10 14:00:00+00", "36.666666666666664", "60"),
    ],
    "user/Memory": [
        ("2026-03-01 12:00:00+00", "0", "0"),
        ("2026-03-09 10:00:00+00", "0", "0"),
        ("2026-03-10 13:00:00+00", "0", "0"),
        ("2026-03-10 14:00:00+00", "0", "0"),
    ],
    "user/CPU by agent": [
        ("2026-03-01 12:00:00+00", "a1", "50"),
        ("2026-03-09 10:00:00+00", "a1", "90"),
        ("2026-03-10 13:00:00+00", "a1", "20"),
        ("2026-03-10 14:00:00+00", "a1", "50"),
    ],
    "user/Messages by agent": [
        ("2026-03-01 12:00:00+00", "a1", "5"),
        ("2026-03-09 10:00:00+00", "a1", "20"),
        ("2026-03-10 13:00:00+00", "a1", "100"),
        ("2026-03-10 14:00:00+00", "a1", "100"),
    ],
    "user/Agents now": [("a1", "running", "2026-03-10 14:28:00+00", "60", "0", "92.5", None)],
    "user/Revenue": [
        ("2026-03-01 00:00:00+00", "EUR", "700"),
        ("2026-03-01 00:00:00+00", "USD", "750"),
        ("2026-03-10 00:00:00+00", "USD", "200"),
    ],
    "user/Plays": [
        ("2026-02-24 00:00:00+00", "9"),
        ("2026-02-25 00:00:00+00", "3"),
        ("2026-03-10 00:00:00+00", "2"),
    ],
    "user/Bookings": [("completed", "1"), ("pending", "2")],
    "user/Fans": [("casual", "2", "1"), ("new", "1", "1")],
    "user/Failed deployments": [("2026-03-08 00:00:00+00", "a1", "d2")],
}


@pytest.fixture(scope="module")
def history(stack: Stack) -> Iterator[tuple[str, str]]:
    """The URLs of the database's owner and of an analyst."""
    with (
        logins(stack.database_url) as roles,
        created_database(stack.database_url, f"test_{uuid4().hex[:16]}") as url,
    ):
        migrate(url)
        store_history(url)
        store_business(url)
        with psycopg.connect(url) as connection:
            connection.execute(FAILED_DEPLOYMENT)
            connection.execute(DEPLOYED)
        name = f"test_{uuid4().hex[:12]}"
        roles.names.append(name)
        let_in(url, name)
        yield url, as_role(url, name)


@pytest.fixture
def analyst(history: tuple[str, str]) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(history[1]) as connection:
        yield connection


def asked(text: str, buckets: str = "metrics_24h") -> str:
    values = {"user": "alice", "agent": "a1", "buckets": buckets, "step": STEPS[buckets]}
    return expanded(filled(text, values), START, STOP).replace("now()", NOW)


def rows(connection: psycopg.Connection[Any], text: str) -> list[tuple[Any, ...]]:
    """Every value as the server writes it."""
    for oid in {t.oid for t in psycopg.adapters.types}:
        connection.adapters.register_loader(oid, psycopg.types.string.TextLoader)
    return connection.execute(text.encode()).fetchall()


@pytest.mark.parametrize(("target", "buckets"), CASES)
def test_a_panel_gets_the_columns_that_it_needs(
    analyst: psycopg.Connection[Any], target: Target, buckets: str
) -> None:
    cursor = analyst.execute(asked(target.text, buckets).encode())
    found = cursor.fetchall()
    assert found
    kinds = {column.name: column.type_code for column in cursor.description or ()}
    if target.kind == "time_series":
        (time, first), *others = kinds.items()
        assert (time, first) == ("time", TIMESTAMP)
        assert all(a[0] <= b[0] for a, b in pairwise(found))
        names = [name for name, kind in others if kind not in NUMBERS]
        # Of three columns the one that is called so names the line.
        assert names == [] or (names == ["metric"] and len(kinds) == 3)
    else:
        assert set(kinds.values()) <= NUMBERS | TEXT | {TIMESTAMP}


@pytest.mark.parametrize(("target", "buckets"), CASES)
def test_a_panel_reads_its_aggregate(
    history: tuple[str, str], target: Target, buckets: str
) -> None:
    text = asked(target.text, buckets)
    reads = READS | BUSINESS
    views = set(re.findall(r"\bfrom (\w+)", text)) & reads.keys()
    with psycopg.connect(history[0]) as connection:
        found = relations(connection, text)
    assert found - SMALL == set().union(*(reads[view] for view in views))


@pytest.mark.parametrize(
    "target",
    [target for target in SQL if target.name.startswith("user/")],
    ids=lambda target: target.name,
)
def test_a_user_is_asked_for_by_key(history: tuple[str, str], target: Target) -> None:
    """By an index that begins with the agent or the user, however many others there are."""
    with psycopg.connect(history[0]) as connection:
        connection.execute("set enable_seqscan = off")
        connection.execute("set enable_bitmapscan = off")
        explain = f"explain (format json) {asked(target.text)}"
        (plan,) = connection.execute(explain.encode()).fetchone() or ("",)
    conditions = list(values_of(plan, "Index Cond"))
    wanted = "agent_key = ANY" if "${buckets:raw}" in target.text else "user_id = 'alice'"
    assert [c for c in conditions if wanted in c], plan


def test_the_variables_offer_what_there_is(analyst: psycopg.Connection[Any]) -> None:
    asked_for = variables("user")
    assert rows(analyst, asked(asked_for["user"]["query"])) == [("alice",), ("bob",)]
    assert rows(analyst, asked(asked_for["agent"]["query"])) == [("a1",), ("a2",)]
    options = {option["value"] for option in asked_for["buckets"]["options"]}
    steps = {name: rows(analyst, asked(asked_for["step"]["query"], name))[0][0] for name in options}
    assert steps == STEPS


@pytest.mark.parametrize("target", SQL, ids=[target.name for target in SQL])
def test_a_panel_shows(analyst: psycopg.Connection[Any], target: Target) -> None:
    assert rows(analyst, asked(target.text, "metrics_7d")) == SHOWN[target.name]


@pytest.mark.parametrize(
    ("uid", "agents"),
    [
        ("fleetgauge-agents-failed", 1),
        ("fleetgauge-agents-silent", 1),
        ("fleetgauge-storage-full", 1),
    ],
)
def test_an_alert_counts_agents(analyst: psycopg.Connection[Any], uid: str, agents: int) -> None:
    (group,) = provisioned("alerting/fleet.yaml")["groups"]
    (rule,) = [rule for rule in group["rules"] if rule["uid"] == uid]
    text = rule["data"][0]["model"]["rawSql"].replace("now()", NOW)
    assert rows(analyst, text) == [("2026-03-10 14:30:00+00", str(agents))]

"""Logins, a history and the page's questions, for the tests of the analysts' side."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
from psycopg import sql as composed

from tests.support.rows import agent_keys, insert, sample
from tests.support.stack import REPOSITORY

PAGE: Final = (REPOSITORY / "docs" / "analysts.md").read_text(encoding="utf-8")
# Heading: the statement below it, as it stands on the page.
BLOCKS: Final[dict[str, str]] = dict(
    re.findall(r"^##+ ([^\n]+)\n(?:(?!#|```)[^\n]*\n)*```sql\n(.*?)^```", PAGE, re.M | re.S)
)
ACCESS: Final = BLOCKS["Giving somebody access"]
QUESTIONS: Final = {name: text for name, text in BLOCKS.items() if text != ACCESS}
_BUSINESS: Final = Path(__file__).with_name("business.sql")
# A Tuesday; what the page asks relative to now is asked as of then.
NOW: Final = "timestamptz '2026-03-10T14:30Z'"


# View: the tables that a query of it reads, besides small ones.
READS: Final = {
    "samples": {"agent_samples"},
    "metrics_24h": {"rollup_5m", "agent_samples"},
    "metrics_7d": {"rollup_1h", "rollup_5m", "agent_samples"},
    "metrics_30d": {"rollup_1d", "rollup_5m", "agent_samples"},
    "fleet_1h": {"platform_metrics_1h"},
    "agents_now": {"agent_samples"},
    "timeline": {"status_events", "deployment_events"},
    "agent_states_over_time": {"status_events"},
}
BUSINESS: Final = {
    "business_payments": {"payments"},
    "business_bookings": {"bookings"},
    "business_fans": {"fans"},
    "business_plays": {"plays"},
    "business_skills": {"skills"},
    "business_deployments": {"deployments"},
    "revenue_daily": {"revenue_days"},
    "listening_daily": {"listening_days"},
}
SMALL: Final = {"agents", "agent_latest", "agent_states", "rollup_watermark"}


# Attempts to drop a role: databases of other tests go away all the time.
DROPS: Final = 20


class Logins:
    """Roles of this test's own, dropped at the end: after the databases that granted to them."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self.names: list[str] = []

    def new(self, statement: str = "create role {} login") -> str:
        """Makes a role; its name, which is its password too."""
        name = f"test_{uuid4().hex[:12]}"
        self.names.append(name)
        with psycopg.connect(self._server_url) as connection:
            _run(connection, statement, name)
            _run(connection, f"alter role {{}} password '{name}'", name)
        return name

    def drop(self) -> None:
        """Ends them."""
        with psycopg.connect(self._server_url, autocommit=True) as connection:
            for name in self.names:
                _drop(connection, name)


def _drop(connection: psycopg.Connection[Any], name: str) -> None:
    """Again where another test's database went away with its settings for this role."""
    for left in reversed(range(DROPS)):
        try:
            _run(connection, "drop role if exists {}", name)
        except psycopg.errors.InternalError_:
            if left == 0:
                raise
        else:
            return


def _run(connection: psycopg.Connection[Any], statement: str, name: str) -> None:
    connection.execute(statement.replace("{}", name).encode())


@contextmanager
def logins(server_url: str) -> Iterator[Logins]:
    """Somewhere to make roles, which are gone at the end."""
    made = Logins(server_url)
    try:
        yield made
    finally:
        made.drop()


def as_role(database: str, name: str) -> str:
    """The database's URL with that role."""
    parts = urlsplit(database)
    return urlunsplit(parts._replace(netloc=f"{name}:{name}@{parts.hostname}:{parts.port}"))


def let_in(database: str, name: str) -> None:
    """Runs the page's own statements, but for the name."""
    with psycopg.connect(database) as connection:
        connection.execute(ACCESS.replace("alice", name).encode())
        connection.execute(
            composed.SQL("alter role {} password {}").format(composed.Identifier(name), name)
        )


def store_business(database: str) -> None:
    """What two users earn, book and play, up to 14:30 on 10 March 2026."""
    with psycopg.connect(database) as connection:
        connection.execute(_BUSINESS.read_bytes())


def store_history(database: str) -> None:
    """Six agents of two users, up to 14:30 on 10 March 2026."""
    insert(
        database,
        [
            sample("alice/a1", "2026-03-01T12:00Z", cpu=50, messages=5),
            sample("alice/a1", "2026-03-09T10:00Z", cpu=90, messages=20, errors=1),
            sample(
                "alice/a1", "2026-03-10T13:40Z", cpu=20, messages=100, errors=9, response_ms=200
            ),
            sample("alice/a1", "2026-03-10T14:05Z", cpu=40, messages=100, response_ms=100),
            sample("alice/a1", "2026-03-10T14:28Z", cpu=60),
            sample("alice/a2", "2026-03-10T13:00Z", cpu=10, messages=300, response_ms=50),
            sample("alice/a2", "2026-03-10T14:00Z", cpu=10, errors=2),
            sample("bob/a1", "2026-02-28T23:59Z", cpu=10, messages=7),
            sample("bob/a1", "2026-03-10T14:29Z", cpu=10, messages=1000),
            sample("bob/back", "2026-03-10T14:25Z", cpu=10),
            sample("bob/gone", "2026-03-10T13:30Z", cpu=10),
        ],
    )
    with psycopg.connect(database) as connection:
        agent_keys(connection, ["bob/dead"])
        connection.execute(
            """
            insert into agent_states
            select agent_key, kept.ts::timestamptz, kept.status, kept.reason
            from agents join (values
                ('back', '2026-03-10T14:10Z', 'stopped', null),
                ('gone', '2026-03-10T13:31Z', 'removed', null),
                ('dead', '2026-03-10T14:20Z', 'failed', 'out of memory')
            ) as kept (agent_id, ts, status, reason) using (agent_id)
            """
        )
        connection.execute(
            """
            insert into status_events
            select user_id, ts, agent_id, status, reason from agent_states natural join agents
            union all
            values ('bob', timestamptz '2026-03-10T14:00Z', 'back', 'failed', 'disk full')
            """
        )
        connection.execute(
            """
            insert into deployment_events values
            ('bob', '2026-03-10T13:55Z', 'd9', 'pending', 'back'),
            ('bob', '2026-03-10T16:00Z', 'd9', 'failed', 'back')
            """
        )
        connection.execute(
            """
            update agent_latest set storage_ts = ts, storage_total_mb = 200,
                storage_used_mb = case agent_id when 'a1' then 185 when 'a2' then 20 else 199 end
            from agents
            where agents.agent_key = agent_latest.agent_key and agent_id in ('a1', 'a2', 'gone')
                and user_id || agent_id <> 'boba1'
            """
        )


def relations(connection: psycopg.Connection[Any], query: str) -> set[str]:
    """The tables that a query's plan reads; a chunk counts as its hypertable."""
    explain = f"explain (format json) {query.replace('now()', NOW)}"
    (plan,) = connection.execute(explain.encode()).fetchone() or ("",)
    names = set(values_of(plan, "Relation Name"))
    chunks = dict(
        connection.execute(
            "select chunk_name::text, hypertable_name::text from timescaledb_information.chunks"
        ).fetchall()
    )
    return {chunks.get(name, name) for name in names}


def values_of(plan: Any, key: str) -> Iterator[str]:
    """What a plan, or a part of it, says under this key, at any depth."""
    parts = plan.values() if isinstance(plan, dict) else plan if isinstance(plan, list) else []
    for part in parts:
        yield from values_of(part, key)
    if isinstance(plan, dict) and key in plan:
        yield plan[key]

"""Stories of a fleet as text, stored in order as ingest would store them.

`sample AGENT TIME [messages= errors= ms= used= total=]`, `samples AGENT FIRST LAST EVERY-MINUTES`,
`running|stopped|failed|removed AGENT TIME [REASON]`, `deployment ID TIME STATUS [AGENT]`,
`beat FIRST LAST [EVERY-MINUTES]`, separated by semicolons. All belong to one user.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg

from sql.named import query
from tests.support.rows import copy

DAY: Final = "2026-03-10"
USER: Final = "u"
STATUSES: Final = frozenset({"running", "stopped", "failed", "removed"})


BEAT: Final = """
insert into platform_heartbeats values (date_trunc('minute', %s::timestamptz, 'UTC'))
on conflict do nothing
"""


def moment(text: str) -> datetime:
    """A time with its offset, or a time of DAY in UTC."""
    return datetime.fromisoformat(text if "T" in text else f"{DAY}T{text}Z")


def happen(connection: psycopg.Connection[Any], story: str, mark: str = "") -> None:
    """Stores each event of the story in its own statement; `mark` is a prefix of agents' ids."""
    for one in filter(None, story.split(";")):
        what, *words = one.split()
        if what == "sample":
            agent, at, *figures = words
            _sample(connection, mark + agent, moment(at), dict(f.split("=") for f in figures))
        elif what == "samples":
            agent, *span = words
            for ts in _every(*span):
                _sample(connection, mark + agent, ts, {})
        elif what in STATUSES:
            _status(connection, what, mark + words[0], moment(words[1]), *words[2:])
        elif what == "deployment":
            _deployment(connection, *words)
        elif what == "beat":
            for ts in _every(*words):
                connection.execute(BEAT, [ts])


def agent_key(connection: psycopg.Connection[Any], agent: str) -> int:
    """The agent's key; creates the agent if it is missing."""
    ids = {"user_ids": [USER], "agent_ids": [agent]}
    connection.execute(query("insert_agents"), ids)
    row = connection.execute(query("read_agent_keys"), ids).fetchone()
    return int(row[2]) if row else 0


def _every(first: str, last: str, minutes: str = "1") -> Iterator[datetime]:
    ts = moment(first)
    while ts <= moment(last):
        yield ts
        ts += int(minutes) * timedelta(minutes=1)


def _sample(
    connection: psycopg.Connection[Any], agent: str, ts: datetime, figures: dict[str, str]
) -> None:
    rest = [float(figures[name]) if name in figures else None for name in ("ms", "used", "total")]
    counts = (int(figures.get("messages", 0)), int(figures.get("errors", 0)))
    copy(connection, [(ts, agent_key(connection, agent), 1, 2, *counts, *rest)])


def _status(
    connection: psycopg.Connection[Any],
    status: str,
    agent: str,
    ts: datetime,
    reason: str | None = None,
) -> None:
    ids = {"agent_key": [agent_key(connection, agent)], "user_id": [USER], "agent_id": [agent]}
    values = {**ids, "ts": [ts], "reason": [reason]}
    for name in ("store_status", "store_status_event"):
        connection.execute(query(name), {**values, "status": [status]})


def _deployment(
    connection: psycopg.Connection[Any], deployment: str, ts: str, status: str, agent: str = "a"
) -> None:
    ids = {"user_id": [USER], "deployment_id": [deployment], "agent_id": [agent]}
    agent_key(connection, agent)
    for name in ("store_deployment", "store_deployment_event"):
        connection.execute(query(name), {**ids, "ts": [moment(ts)], "status": [status]})

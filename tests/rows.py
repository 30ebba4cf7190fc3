"""Samples put straight into the tables, as ingest leaves them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

import psycopg


class Row(NamedTuple):
    """One sample; `agent` is `user/agent`."""

    agent: str
    ts: datetime
    cpu: float | None = 0.0
    memory: float | None = 0.0
    messages: int = 0
    errors: int = 0
    response_ms: float | None = None


def sample(agent: str, ts: str, *figures: Any, **values: Any) -> Row:
    """A row from text: `sample("alice/a1", "2026-03-10T14:05Z", cpu=10)`."""
    return Row(agent, datetime.fromisoformat(ts), *figures, **values)


def insert(database: str, rows: Iterable[Row]) -> None:
    """Stores samples in one batch, with their agents."""
    found = list(rows)
    with psycopg.connect(database) as connection:
        keys = agent_keys(connection, {row.agent for row in found})
        copy(connection, [(row.ts, keys[row.agent], *row[2:]) for row in found])


def agent_keys(connection: psycopg.Connection[Any], agents: Iterable[str]) -> dict[str, int]:
    """Makes agents, named `user/agent`; their keys."""
    keys = {}
    for agent in sorted(agents):
        row = connection.execute(
            "insert into agents (user_id, agent_id) values (%s, %s) returning agent_key",
            agent.split("/"),
        ).fetchone()
        keys[agent] = row[0] if row else 0
    return keys


def copy(
    connection: psycopg.Connection[Any],
    rows: Iterable[tuple[Any, ...]],
    into: LiteralString = "agent_samples",
) -> None:
    """COPYs (ts, agent_key, cpu, memory, messages, errors, response_ms), one statement."""
    columns = "ts, agent_key, cpu, memory, messages, errors, response_ms"
    with connection.cursor().copy(f"copy {into} ({columns}) from stdin") as stream:
        for row in rows:
            stream.write_row(row)

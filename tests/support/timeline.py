"""Stores status changes and deployments as ingest does: newest state and timeline."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from sql.named import query


class Happening(NamedTuple):
    """A status of an agent, `user/agent`, or of a deployment; `detail` is a reason or an id."""

    kind: str
    agent: str
    ts: datetime
    status: str
    detail: str = ""


def store_happenings(database: str, happenings: Sequence[Happening]) -> None:
    """Stores them in this order, one statement each."""
    with psycopg.connect(database) as connection:
        keys = _keys(connection, sorted({one.agent for one in happenings}))
        for one in happenings:
            user_id, agent_id = one.agent.split("/")
            values: dict[str, list[Any]] = {
                "user_id": [user_id],
                "agent_id": [agent_id],
                "agent_key": [keys[one.agent]],
                "ts": [one.ts],
                "status": [one.status],
                "reason": [one.detail or None],
                "deployment_id": [one.detail],
            }
            for name in (f"store_{one.kind}", f"store_{one.kind}_event"):
                connection.execute(query(name), values)


def _keys(connection: psycopg.Connection[Any], agents: Sequence[str]) -> dict[str, int]:
    """The agents' keys; creates missing agents."""
    user_ids, agent_ids = zip(*(agent.split("/") for agent in agents), strict=True)
    ids = {"user_ids": list(user_ids), "agent_ids": list(agent_ids)}
    connection.execute(query("insert_agents"), ids)
    rows = connection.execute(query("read_agent_keys"), ids).fetchall()
    return {f"{user_id}/{agent_id}": key for user_id, agent_id, key in rows}

"""Stores all events but samples: one named query a group, with columns as arrays."""

from collections.abc import Callable
from typing import Any, Final

from psycopg import AsyncConnection

from ingest.batch import AgentKeys, Batch, agent_name
from ingest.reading.writepriority import WritePriority
from sql.named import query

# The array parameters of `sql/queries/store_<group>.sql`, by group.
FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "status": ("agent_key", "ts", "status", "reason"),
    "deployment": ("user_id", "deployment_id", "agent_id", "ts", "status"),
    "payment": ("user_id", "payment_id", "ts", "amount", "currency"),
    "booking": ("user_id", "booking_id", "ts", "status"),
    "fan": ("user_id", "fan_id", "ts", "segment"),
    "play": ("user_id", "play_id", "listener_id", "ts", "count"),
    "skill": ("user_id", "skill_id", "ts", "active"),
    "status_event": ("user_id", "agent_id", "ts", "status", "reason"),
    "deployment_event": ("user_id", "deployment_id", "agent_id", "ts", "status"),
}
# A row of these that was not inserted is a duplicate; for other groups it may be outdated.
ONCE_BY_ID: Final = frozenset({"payment", "play"})


async def store_events(
    connection: AsyncConnection[Any], batch: Batch, priority: WritePriority
) -> dict[str, int]:
    """Writes the batch's events in the caller's transaction, types in the same order everywhere.

    Returns the number of duplicates by type, for the types in ONCE_BY_ID.
    """
    duplicates: dict[str, int] = {}
    for name in FIELDS:
        events = batch.events.get(name)
        if not events:
            continue
        arrays = {
            field: [get(event) for event in events]
            for field, get in _getters(name, batch.agent_keys).items()
        }
        with priority.yielded():
            cursor = await connection.execute(query(f"store_{name}"), arrays)
        if name in ONCE_BY_ID:
            duplicates[name] = len(events) - cursor.rowcount
    return duplicates


def _getters(name: str, keys: AgentKeys) -> dict[str, Callable[[Any], Any]]:
    return {field: _getter(field, keys) for field in FIELDS[name]}


def _getter(field: str, keys: AgentKeys) -> Callable[[Any], Any]:
    if field == "agent_key":
        return lambda event: keys[agent_name(event.user_id, event.agent_id)]
    return lambda event: getattr(event, field)

"""Retention: deletes chunks older than their retention, and rows that no query needs."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection

from ingest.admin.clocks import Age
from ingest.admin.refreshes import BusyRefreshError, without_refreshes
from schemas.settings import DatabaseSettings
from sql.named import query

# The longest window over these rows is that of uptime: 30 UTC days including the current one.
WINDOW_DAYS: Final = 33
TIMELINE: Final = ("status_events", "deployment_events")
# Ingest accepts events as old as the retention. With a margin no writer needs a chunk that is being
# dropped.
TIMELINE_MARGIN_DAYS: Final = 1

Connection = AsyncConnection[Any]


class NotAggregatedError(Exception):
    """Old chunks are kept because their samples are not aggregated yet."""

    def __init__(self, relation: str, chunks: int, aggregated_before: datetime) -> None:
        super().__init__(
            f"old chunks of {relation} are kept ({chunks}) because it is aggregated only up to "
            f"{aggregated_before.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}: see the task refresh in "
            "'fleetgauge doctor'"
        )


Remove = Callable[[Connection, str, datetime], AsyncIterator[int]]


@dataclass(frozen=True, slots=True)
class UpkeepTask:
    """The retention of one relation, and the function that applies it."""

    relation: str
    keep: timedelta
    remove: Remove

    async def run(self, connection: Connection, age: Age) -> AsyncIterator[int]:
        """Removes data older than `keep`; yields the chunks or rows removed by each transaction.

        Raises psycopg's errors and NotAggregatedError; earlier transactions stay committed.
        """
        if age.before is not None:
            async for count in self.remove(connection, self.relation, age.before - self.keep):
                yield count


async def drop_chunks(
    connection: Connection, relation: str, before: datetime
) -> AsyncIterator[int]:
    """Drops the old chunks of a hypertable or continuous aggregate, oldest first.

    Each has its own transaction, which limits how long locks are held. It also raises the horizon,
    so that a writer that finds the chunk gone sees the new horizon too. If a chunk fails, the
    others are still dropped, and the first error is raised at the end. Raises NotAggregatedError
    if chunks are kept for the refresh.
    """
    failure: psycopg.Error | None = None
    kept: list[datetime] = []
    old = {"relation": relation, "before": before}
    cursor = await connection.execute(query("list_old_chunks"), old)
    for start, end, aggregated_before in await cursor.fetchall():
        if aggregated_before < end:
            kept.append(aggregated_before)
            continue
        values = {"relation": relation, "range_start": start, "range_end": end}
        try:
            dropped = await _drop(connection, values)
        except BusyRefreshError:
            raise
        except psycopg.Error as error:
            if connection.closed:
                raise
            failure = failure or error
        else:
            yield dropped
    if failure:
        raise failure
    if kept:
        raise NotAggregatedError(relation, len(kept), kept[0])


async def _drop(connection: Connection, values: Mapping[str, Any]) -> int:
    """Drops a chunk; returns 1."""
    async with without_refreshes(connection), connection.transaction():
        await connection.execute(query("raise_horizon"), values)
        dropped = await connection.execute(query("drop_chunk"), values)
    return dropped.rowcount


async def delete_rows(
    connection: Connection, relation: str, before: datetime
) -> AsyncIterator[int]:
    """Deletes a table's old rows with its query `delete_old_…`; yields their number."""
    async with connection.transaction():
        cursor = await connection.execute(query(f"delete_old_{relation}"), {"before": before})
    yield cursor.rowcount


def retention_tasks(database: DatabaseSettings) -> list[UpkeepTask]:
    """One task for each relation that has a retention."""
    chunks = {
        "agent_samples": database.raw_retention_days,
        "agent_metrics_5m": database.metrics_5m_retention_days,
        "agent_metrics_1h": database.metrics_1h_retention_days,
        **dict.fromkeys(TIMELINE, database.timeline_retention_days + TIMELINE_MARGIN_DAYS),
    }
    rows = dict.fromkeys(("platform_heartbeats", "skill_changes"), WINDOW_DAYS)
    return [
        *(UpkeepTask(name, timedelta(days=days), drop_chunks) for name, days in chunks.items()),
        *(UpkeepTask(name, timedelta(days=days), delete_rows) for name, days in rows.items()),
    ]

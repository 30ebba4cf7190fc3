"""The stored results of the conservation check, for the metrics and the doctor."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row

from ingest import metrics
from sql.named import query


@dataclass(frozen=True, slots=True)
class LevelReport:
    """A rollup: the hours (days of agent_metrics_1d) that differ, and by how many samples in total.

    `checked_at` is the time of the last check, `passed_at` when all history was last compared.
    """

    level: str
    buckets: int
    oldest: datetime | None
    newest: datetime | None
    samples: int
    older_than_raw: int
    checked_at: datetime | None
    passed_at: datetime | None


async def read_report(connection: AsyncConnection[Any]) -> list[LevelReport]:
    """One row per rollup, finest first; raises psycopg's errors."""
    async with connection.cursor(row_factory=class_row(LevelReport)) as cursor:
        await cursor.execute(query("read_conservation"))
        return await cursor.fetchall()


async def set_metrics(connection: AsyncConnection[Any]) -> None:
    """Sets the metrics in this process, even if another ran the check; raises psycopg's errors."""
    for found in await read_report(connection):
        metrics.CONSERVATION_DIFFERENCE.labels(found.level).set(found.buckets)
        if found.checked_at is not None:
            metrics.CONSERVATION_CHECKED.set(found.checked_at.timestamp())

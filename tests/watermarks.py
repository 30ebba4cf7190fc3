"""The watermark of a database, moved as a test wants it."""

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from sql.queries import query


async def empty(connection: AsyncConnection[Any], midnight: datetime) -> None:
    """Leaves no sample and nothing aggregated, with the watermark at the start of a UTC day."""
    await connection.execute(
        "truncate agent_samples, agent_latest, platform_metrics_1h, rollup_5m, rollup_1h, rollup_1d"
    )
    await connection.execute(
        "update rollup_watermark set (frontier, watermark, hours_before) "
        "= (%(at)s, %(at)s, %(at)s)",
        {"at": midnight},
    )


async def refresh(connection: AsyncConnection[Any], upto: datetime) -> None:
    """Aggregates everything before a moment; nothing where that lies back."""
    await connection.execute(query("refresh_samples"), {"upto": upto})

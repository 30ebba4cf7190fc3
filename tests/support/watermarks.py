"""Sets and moves the watermark of a database."""

from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from sql.edition import Edition, edition_of
from sql.named import query

# A truncated continuous aggregate is in the state of one that was never refreshed.
EMPTY: Final = {
    Edition.APACHE: b"truncate agent_samples, agent_latest, platform_metrics_1h, "
    b"platform_agents_1h, rollup_5m, rollup_1h, rollup_1d",
    Edition.COMMUNITY: b"truncate agent_samples, agent_latest, platform_metrics_1h, "
    b"platform_agents_1h, agent_metrics_5m, agent_metrics_1h, agent_metrics_1d, "
    b"late_buckets, refresh_ranges, metrics_refreshes",
}


async def empty(connection: AsyncConnection[Any], midnight: datetime) -> None:
    """Deletes all samples and aggregates, and sets the watermark to the start of a UTC day."""
    ((licence,),) = await (await connection.execute(query("read_license"))).fetchall()
    await connection.execute(EMPTY[edition_of(licence)])
    await connection.execute(
        "update rollup_watermark set (frontier, watermark, hours_before) "
        "= (%(at)s, %(at)s, %(at)s)",
        {"at": midnight},
    )


async def refresh(connection: AsyncConnection[Any], upto: datetime) -> None:
    """Aggregates all samples before a time; no effect if the watermark is past it."""
    await connection.execute(query("refresh_samples"), {"upto": upto})

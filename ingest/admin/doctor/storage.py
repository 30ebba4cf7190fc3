"""Checks of storage: chunks, sizes, columnstore, retention, windows and orphans."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import class_row

from ingest.admin.doctor.finding import Finding, ok, problem, warning
from ingest.admin.doctor.server import in_units
from ingest.admin.reread import check_retention
from ingest.kafka.topic import TopicError
from schemas.settings import DatabaseSettings, KafkaSettings, WindowSettings
from sql.edition import Edition
from sql.named import query

# Overdue upkeep is a separate finding; beyond this, upkeep runs but does not remove the chunk.
GRACE: Final = timedelta(days=2)
SHOWN_ORPHANS: Final = 100


@dataclass(frozen=True, slots=True)
class Relation:
    """A table of samples or events, or a rollup; sizes in bytes.

    `oldest_end` is the end of the oldest chunk. `before_bytes` and `after_bytes` are the sizes of
    its compressed chunks before and after compression.
    """

    relation: str
    chunks: int
    compressed: int
    oldest_end: datetime | None
    bytes: int
    before_bytes: int | None
    after_bytes: int | None


async def read_storage(connection: AsyncConnection[Any]) -> list[Relation]:
    """Reads the samples, their rollups and the timeline; raises psycopg's errors."""
    async with connection.cursor(row_factory=class_row(Relation)) as cursor:
        await cursor.execute(query("read_storage"))
        return await cursor.fetchall()


async def read_windows(connection: AsyncConnection[Any]) -> dict[str, float]:
    """The days configured in the server's jobs, by relation or job; raises psycopg's errors."""
    cursor = await connection.execute(query("read_windows"))
    return {name: float(days) for name, days in await cursor.fetchall()}


def retentions(database: DatabaseSettings) -> dict[str, int]:
    """The retention in days by relation, without relations that are kept permanently."""
    return {
        "agent_samples": database.raw_retention_days,
        "agent_metrics_5m": database.metrics_5m_retention_days,
        "agent_metrics_1h": database.metrics_1h_retention_days,
        "status_events": database.timeline_retention_days,
        "deployment_events": database.timeline_retention_days,
    }


def examine_storage(
    relations: Sequence[Relation], database: DatabaseSettings, before: datetime | None
) -> list[Finding]:
    """A finding per relation; ages are measured from `before` (see `admin.clocks.Age`)."""
    kept = retentions(database)
    return [
        _examine_relation(relation, kept.get(relation.relation), before) for relation in relations
    ]


def _examine_relation(relation: Relation, days: int | None, before: datetime | None) -> Finding:
    says = f"{relation.relation}: {relation.chunks} chunks, {in_units(relation.bytes)}"
    if relation.before_bytes and relation.after_bytes:
        ratio = relation.before_bytes / relation.after_bytes
        says += f", {relation.compressed} in the columnstore at 1/{ratio:.1f} of their size"
    facts = asdict(relation)
    if days is None or relation.oldest_end is None or before is None:
        return ok("storage", says, **facts)
    too_old = before - relation.oldest_end - timedelta(days=days)
    if too_old > GRACE:
        late = f"{says}; the oldest chunk should have been dropped {too_old.days} days ago"
        return problem("storage", late, "fleetgauge maintain", **facts)
    return ok("storage", says, **facts)


def examine_windows(
    windows: Mapping[str, float], database: DatabaseSettings, edition: Edition
) -> list[Finding]:
    """Whether the server's refresh job matches the settings, and has no retention policy."""
    start, job = database.refresh_start_days, "refresh_metrics"
    expected = {**retentions(database), job: start}
    facts = {"days": {"lateness": database.lateness_limit_days, **expected}}
    if edition is Edition.COMMUNITY and windows.get(job) != start:
        says = (
            f"the server's jobs differ from the settings: {job} has {windows.get(job, 0):g} days "
            f"instead of {start}"
        )
        return [warning("windows", says, "fleetgauge migrate", **facts)]
    if policies := sorted(windows.keys() - {job}):
        says = (
            f"the server has a retention policy on {', '.join(policies)}, which relies on its "
            "clock alone"
        )
        return [warning("windows", says, "fleetgauge migrate", **facts)]
    says = (
        f"samples may be {database.lateness_limit_days} days late; samples are kept for "
        f"{expected['agent_samples']} days, 5-minute buckets for {expected['agent_metrics_5m']}, "
        f"hours for {expected['agent_metrics_1h']}"
    )
    return [ok("windows", says, **facts)]


def examine_orphans(keys: Sequence[int]) -> Finding:
    """Whether rows remain of agents that were deleted by hand or by an interrupted erase."""
    if not keys:
        return ok("orphans", "every row belongs to an agent", keys=[])
    says = f"rows remain of {len(keys)} agents that no longer exist; the first key is {keys[0]}"
    return warning("orphans", says, "fleetgauge erase --orphans", keys=keys[:SHOWN_ORPHANS])


def examine_reread(
    kafka: KafkaSettings, kept: timedelta | None, windows: WindowSettings
) -> list[Finding]:
    """A finding if the samples' topic keeps records longer than the database keeps samples."""
    try:
        check_retention(kafka, kept, windows)
    except TopicError as error:
        return [problem("windows", str(error), "fix one of them, and restart fleetgauge ingest")]
    return []

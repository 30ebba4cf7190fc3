"""How far samples are aggregated, and what holds the watermark back."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ingest.admin.doctor.finding import Finding, ok, warning
from ingest.admin.frontier import PATIENCE, Backlog
from ingest.reading.storedprogress import StoredProgress

# No longer than a partition that stands still is waited for.
MAX_BEHIND: Final = PATIENCE
HINT_REFRESH: Final = "fleetgauge maintain --refresh, and see that a fleetgauge ingest runs"
HINT_BACKLOG: Final = "start more of fleetgauge ingest, up to one a partition"


def examine_watermark(progress: StoredProgress, backlogs: Sequence[Backlog]) -> Finding:
    """Whether samples are aggregated soon after they are stored.

    `backlogs`: the partitions that are not stored up to their ends, the one furthest behind first;
    none where the broker does not answer.
    """
    watermark = progress.watermark.astimezone(UTC)
    newest = max((held.last_ts for held in progress.stored.values() if held.last_ts), default=None)
    facts: dict[str, Any] = {"watermark": watermark, "newest": newest}
    if newest is None:
        return ok("watermark", "no record is stored, so there is nothing to aggregate", **facts)
    behind = max(newest - watermark, timedelta())
    says = (
        f"samples are aggregated up to {watermark:%Y-%m-%dT%H:%M:%SZ}, "
        f"{timedelta(seconds=round(behind.total_seconds()))} before the newest stored record"
    )
    if behind <= MAX_BEHIND:
        return ok("watermark", says, **facts)
    says += "; readers add up the others, which takes them longer"
    if backlogs and _holds_back(backlogs[0], watermark):
        partition = backlogs[0].partition
        facts["waits_for"] = f"{partition.topic}/{partition.partition}"
        return warning("watermark", f"{says}: {backlogs[0]}", HINT_BACKLOG, **facts)
    return warning("watermark", says, HINT_REFRESH, **facts)


def _holds_back(backlog: Backlog, watermark: datetime) -> bool:
    return backlog.stored_ts is None or backlog.stored_ts - watermark <= MAX_BEHIND

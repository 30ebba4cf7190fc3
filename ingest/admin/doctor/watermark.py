"""Check of the watermark: how far samples are aggregated, and which partition blocks it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ingest.admin.doctor.finding import Finding, ok, warning
from ingest.admin.doctor.progress import HINT_BACKLOG
from ingest.admin.frontier import PATIENCE, Backlog
from ingest.reading.storedprogress import StoredProgress

# As long as the refresh waits for a stalled partition.
MAX_BEHIND: Final = PATIENCE
HINT_REFRESH: Final = "fleetgauge maintain --refresh, and check that a fleetgauge ingest runs"


def examine_watermark(progress: StoredProgress, backlogs: Sequence[Backlog]) -> Finding:
    """Whether samples are aggregated soon after they are stored.

    `backlogs` are the partitions with unstored records, the one furthest behind first; empty if
    the broker does not answer.
    """
    watermark = progress.watermark.astimezone(UTC)
    newest = max((held.last_ts for held in progress.stored.values() if held.last_ts), default=None)
    facts: dict[str, Any] = {"watermark": watermark, "newest": newest}
    if newest is None:
        return ok("watermark", "nothing to aggregate: no record is stored yet", **facts)
    behind = max(newest - watermark, timedelta())
    says = (
        f"samples are aggregated up to {watermark:%Y-%m-%dT%H:%M:%SZ}, "
        f"{timedelta(seconds=round(behind.total_seconds()))} behind the newest stored record"
    )
    if behind <= MAX_BEHIND:
        return ok("watermark", says, **facts)
    says += "; queries aggregate the later samples themselves, which makes them slower"
    if backlogs and _holds_back(backlogs[0], watermark):
        partition = backlogs[0].partition
        facts["waits_for"] = f"{partition.topic}/{partition.partition}"
        return warning("watermark", f"{says}: {backlogs[0]}", HINT_BACKLOG, **facts)
    return warning("watermark", says, HINT_REFRESH, **facts)


def _holds_back(backlog: Backlog, watermark: datetime) -> bool:
    return backlog.stored_ts is None or backlog.stored_ts - watermark <= MAX_BEHIND

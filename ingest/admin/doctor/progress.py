"""How far what is in the topics is stored, and whether anybody stores it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from aiokafka import TopicPartition

from ingest.admin.doctor.finding import Finding, ok, problem, warning
from ingest.reading.positions import Bounds, find_gap
from ingest.reading.storedprogress import StoredPosition, StoredProgress
from ingest.writing.offsets import Claim

# Ingest writes a heartbeat each half minute.
MAX_SILENCE: Final = timedelta(minutes=2)
MAX_LAG: Final = timedelta(minutes=1)


def examine_heartbeat(progress: StoredProgress, now: datetime) -> Finding:
    """Whether some ingest runs."""
    if progress.heartbeat is None:
        return problem("ingest", "no ingest ever ran on this database", "fleetgauge ingest")
    if now - progress.heartbeat > MAX_SILENCE:
        says = f"no ingest has run since {progress.heartbeat:%Y-%m-%dT%H:%MZ}"
        return problem("ingest", says, "fleetgauge ingest", heartbeat=progress.heartbeat)
    return ok(
        "ingest", f"ran at {progress.heartbeat:%Y-%m-%dT%H:%MZ}", heartbeat=progress.heartbeat
    )


def examine_lag(
    bounds: Mapping[TopicPartition, Bounds],
    progress: StoredProgress,
    cluster_id: str,
    now: datetime,
) -> list[Finding]:
    """A finding for each partition that lags behind or has a gap, and one for all together."""
    ill: list[Finding] = []
    lags = {}
    for partition, (first, end) in bounds.items():
        stored = progress.stored.get(partition)
        lag = end - (stored.next_offset if stored else first)
        lags[f"{partition.topic}/{partition.partition}"] = lag
        ill += _examine_partition(partition, (first, end), stored, cluster_id, now)
    says = f"{sum(lags.values())} records to be stored in {len(bounds)} partitions"
    return [*([] if ill else [ok("lag", says, records=lags)]), *ill]


def _examine_partition(
    partition: TopicPartition,
    bounds: Bounds,
    stored: StoredPosition | None,
    cluster_id: str,
    now: datetime,
) -> list[Finding]:
    name = f"{partition.topic}/{partition.partition}"
    if stored is None:
        if bounds[0] == bounds[1]:
            return []
        says = f"{name}: {bounds[1] - bounds[0]} records, of which none was ever stored"
        return [warning("lag", says, "fleetgauge ingest")]
    claim = Claim(0, stored.next_offset, stored.cluster_id, None, None, "")
    gap = find_gap(partition, claim, bounds, cluster_id)
    if gap is not None:
        return [problem("lag", str(gap), "fleetgauge ingest --accept-gap")]
    lag = bounds[1] - stored.next_offset
    if lag == 0 or stored.last_ts is None or now - stored.last_ts <= MAX_LAG:
        return []
    says = f"{name}: {lag} records behind, the last one stored is of {stored.last_ts:%H:%M:%SZ}"
    return [warning("lag", says, "start more of fleetgauge ingest, up to one a partition")]


def examine_letters(bounds: Mapping[TopicPartition, Bounds]) -> Finding:
    """How many dead letters the broker still has."""
    count = sum(end - first for first, end in bounds.values())
    says = f"{count} in the topic" + (", see fleetgauge dlq list" if count else "")
    return ok("deadletters", says, records=count)

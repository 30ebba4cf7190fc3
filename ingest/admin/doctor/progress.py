"""Checks of progress: whether ingest runs, the lag of each partition, and dead letters."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from aiokafka import TopicPartition

from ingest.admin.doctor.finding import Finding, ok, problem, warning
from ingest.reading.positions import Bounds, find_gap
from ingest.reading.storedprogress import StoredPosition, StoredProgress
from ingest.writing.offsets import Claim

# Ingest writes a heartbeat every 30 seconds.
MAX_SILENCE: Final = timedelta(minutes=2)
MAX_LAG: Final = timedelta(minutes=1)
HINT_BACKLOG: Final = "start more fleetgauge ingest processes, up to one per partition"


def examine_heartbeat(progress: StoredProgress, now: datetime) -> Finding:
    """Whether any ingest runs."""
    if progress.heartbeat is None:
        return problem("ingest", "ingest has never run on this database", "fleetgauge ingest")
    if now - progress.heartbeat > MAX_SILENCE:
        says = f"no ingest has run since {progress.heartbeat:%Y-%m-%dT%H:%MZ}"
        return problem("ingest", says, "fleetgauge ingest", heartbeat=progress.heartbeat)
    says = f"last heartbeat at {progress.heartbeat:%Y-%m-%dT%H:%MZ}"
    return ok("ingest", says, heartbeat=progress.heartbeat)


def examine_lag(
    bounds: Mapping[TopicPartition, Bounds],
    progress: StoredProgress,
    cluster_id: str,
    now: datetime,
) -> list[Finding]:
    """A finding for each partition that lags or has a gap, or one for all partitions."""
    faulty: list[Finding] = []
    lags = {}
    for partition, (first, end) in bounds.items():
        stored = progress.stored.get(partition)
        lag = end - (stored.next_offset if stored else first)
        lags[f"{partition.topic}/{partition.partition}"] = lag
        faulty += _examine_partition(partition, (first, end), stored, cluster_id, now)
    says = f"{sum(lags.values())} records not stored yet in {len(bounds)} partitions"
    return faulty or [ok("lag", says, records=lags)]


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
        says = f"{name}: {bounds[1] - bounds[0]} records, and none was ever stored"
        return [warning("lag", says, "fleetgauge ingest")]
    claim = Claim(0, stored.next_offset, stored.cluster_id, None, None, "")
    gap = find_gap(partition, claim, bounds, cluster_id)
    if gap is not None:
        return [problem("lag", str(gap), "fleetgauge ingest --accept-gap")]
    lag = bounds[1] - stored.next_offset
    if lag == 0:
        return []
    if stored.last_ts is None:
        says = f"{name}: {lag} records, and none was stored since ingest was given this position"
        return [warning("lag", says, "fleetgauge ingest")]
    if now - stored.last_ts <= MAX_LAG:
        return []
    says = f"{name}: lag of {lag} records, the last stored one is from {stored.last_ts:%H:%M:%SZ}"
    return [warning("lag", says, HINT_BACKLOG)]


def examine_letters(bounds: Mapping[TopicPartition, Bounds]) -> Finding:
    """The number of dead letters that the broker still has."""
    count = sum(end - first for first, end in bounds.values())
    says = f"{count} in the topic" + (", see fleetgauge dlq list" if count else "")
    return ok("deadletters", says, records=count)

"""Ingest's Prometheus metrics.

`docs/operators/ingest.md` documents what to do when one changes.
"""

from typing import get_args

from prometheus_client import Counter, Gauge, Histogram

from ingest.batch import Decoded, by_type
from ingest.reading.unreadable import SkippedBatch
from ingest.rejection import Reason

RECORDS = Counter("fleetgauge_records", "Kafka records stored or dead-lettered.", ["topic"])
ROWS = Counter("fleetgauge_rows", "Events written, duplicates included, by type.", ["type"])
DUPLICATES = Counter("fleetgauge_duplicates", "Events that were stored already.", ["type"])
DEAD_LETTERS = Counter("fleetgauge_dead_letters", "Rejected events, by reason.", ["reason"])
# Exported from the start: Prometheus sees no increase in a series that begins at 1.
for _reason in get_args(Reason):
    DEAD_LETTERS.labels(_reason)
BATCH_SECONDS = Histogram(
    "fleetgauge_batch_seconds",
    "Seconds from a batch's first statement to its COMMIT.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
BATCH_ROWS = Histogram(
    "fleetgauge_batch_rows",
    "Events in a batch.",
    buckets=(1, 10, 100, 1_000, 10_000, 30_000, 100_000),
)
UNEXPECTED_ERRORS = Counter(
    "fleetgauge_unexpected_errors",
    "Unexpected errors, by step of ingest; the message becomes a dead letter.",
    ["step"],
)
for _step in ("decode", "check", "write"):
    UNEXPECTED_ERRORS.labels(_step)
RETRIES = Counter("fleetgauge_retries", "Failed attempts that were retried.", ["step"])
FENCED = Counter("fleetgauge_fenced", "Batches and claim checks rejected by the fence.")
STALE_SESSIONS = Counter(
    "fleetgauge_stale_sessions_ended",
    "Stale writer sessions terminated because they blocked others.",
)
STALLED_SECONDS = Gauge(
    "fleetgauge_stalled_seconds",
    "Seconds since ingest last made progress, was idle or waited for an unavailable database.",
)
DATABASE_REJECTS = Gauge(
    "fleetgauge_database_rejects",
    "1 if the database is reachable but rejects the connection: login, pooler or configuration.",
)
GAPS = Counter("fleetgauge_gaps", "Accepted gaps between stored offsets and the log.")
GROUP_CONFLICT = Gauge(
    "fleetgauge_group_conflict",
    "1 if several groups write this database, or this group writes several databases.",
    ["kind"],
)
for _kind in ("groups", "databases"):
    GROUP_CONFLICT.labels(_kind)
LAG_RECORDS = Gauge(
    "fleetgauge_lag_records",
    "Records in the log that are not stored, those of open transactions included.",
    ["topic", "partition"],
)
LAG_SECONDS = Gauge(
    "fleetgauge_lag_seconds",
    "Upper bound of the age of the oldest record not stored; 0 if all are stored.",
    ["topic", "partition"],
)
UNREADABLE = Gauge(
    "fleetgauge_unreadable_partition",
    "1 if a partition cannot be read, else 0.",
    ["topic", "partition"],
)
READ_ERRORS = Counter(
    "fleetgauge_read_errors", "Failed attempts to read a partition.", ["topic", "partition"]
)
SKIPPED_BATCHES = Counter(
    "fleetgauge_skipped_batches",
    "Unreadable record batches skipped because of --skip-unreadable.",
    ["topic"],
)
OPEN_TRANSACTION_SECONDS = Gauge(
    "fleetgauge_open_transaction_seconds",
    "Age of the open transaction that blocks reading this partition further, else 0.",
    ["topic", "partition"],
)
TOPIC_FAULTS = Gauge(
    "fleetgauge_topic_faults",
    "Faults of a topic that risk loss or block ingest: settings, rights, or a missing topic.",
    ["topic"],
)
TOPIC_PARTITIONS = Gauge(
    "fleetgauge_topic_partitions", "Partitions of a topic that ingest uses.", ["topic"]
)
ASSIGNED = Gauge("fleetgauge_assigned_partitions", "Partitions assigned to this consumer.")
WATERMARK = Gauge(
    "fleetgauge_watermark_timestamp_seconds",
    "Time up to which all samples are aggregated, by any process; seconds since 1970.",
)
REFRESH_SECONDS = Histogram(
    "fleetgauge_refresh_seconds",
    "Duration of one part of a refresh, which covers up to one hour of samples.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 100),
)
UPKEEP_SUCCESS = Gauge(
    "fleetgauge_upkeep_success_timestamp_seconds",
    "When an upkeep task last succeeded, in any process; seconds since 1970.",
    ["task"],
)
UPKEEP_OVERDUE = Gauge(
    "fleetgauge_upkeep_overdue",
    "1 if an upkeep task or a job of the database server has not succeeded for too long.",
    ["task"],
)
UPKEEP_REMOVED = Counter(
    "fleetgauge_upkeep_removed", "Chunks or rows removed by this process' upkeep.", ["task"]
)
UPKEEP_FAILURES = Counter(
    "fleetgauge_upkeep_failures", "Failed upkeep tasks in this process.", ["task"]
)
CONSERVATION_DIFFERENCE = Gauge(
    "fleetgauge_conservation_difference",
    "Hours (days for agent_metrics_1d) in which a rollup's sums differ from the platform's.",
    ["level"],
)
# Exported from the start: an alert on an absent series would never fire.
for _level in ("agent_metrics_5m", "agent_metrics_1h", "agent_metrics_1d"):
    CONSERVATION_DIFFERENCE.labels(_level)
CONSERVATION_CHECKED = Gauge(
    "fleetgauge_conservation_check_timestamp_seconds",
    "When rollups were last compared with the platform's sums; seconds since 1970.",
)


def count(decoded: Decoded) -> None:
    """Counts a batch after its events are stored or dead-lettered."""
    BATCH_ROWS.observe(decoded.rows)
    for topic, records in decoded.counts.items():
        RECORDS.labels(topic).inc(records)
    if decoded.samples.height:
        ROWS.labels("sample").inc(decoded.samples.height)
    for name, events in by_type([event for event, _ in decoded.others]).items():
        ROWS.labels(name).inc(len(events))
    for rejection in decoded.rejections:
        DEAD_LETTERS.labels(rejection.reason).inc()
        record = rejection.origin.record
        if isinstance(record.value, SkippedBatch):
            SKIPPED_BATCHES.labels(record.topic).inc()

"""What ingest tells Prometheus about itself, each listed once.

What to do when one moves is in `docs/operators/ingest.md`.
"""

from typing import get_args

from prometheus_client import Counter, Gauge, Histogram

from ingest.batch import Decoded, by_type
from ingest.reading.unreadable import SkippedBatch
from ingest.rejection import Reason

RECORDS = Counter("fleetgauge_records", "Kafka records read and settled.", ["topic"])
ROWS = Counter("fleetgauge_rows", "Events written, resent ones included, by type.", ["type"])
DUPLICATES = Counter("fleetgauge_duplicates", "Events that were stored already.", ["type"])
DEAD_LETTERS = Counter("fleetgauge_dead_letters", "Events that could not be used.", ["reason"])
# Told from the start: Prometheus sees no increase in a series that begins at 1.
for _reason in get_args(Reason):
    DEAD_LETTERS.labels(_reason)
BATCH_SECONDS = Histogram(
    "fleetgauge_batch_seconds",
    "Seconds from a batch's first statement to its COMMIT.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
BATCH_ROWS = Histogram(
    "fleetgauge_batch_rows",
    "Events a batch held.",
    buckets=(1, 10, 100, 1_000, 10_000, 30_000, 100_000),
)
UNEXPECTED_ERRORS = Counter(
    "fleetgauge_unexpected_errors",
    "Errors that no code handles, by the step of ingest; the message is a dead letter.",
    ["step"],
)
for _step in ("decode", "check", "write"):
    UNEXPECTED_ERRORS.labels(_step)
RETRIES = Counter("fleetgauge_retries", "Attempts that failed and were made again.", ["step"])
FENCED = Counter("fleetgauge_fenced", "Batches and checks refused by the fence.")
STALE_SESSIONS = Counter("fleetgauge_stale_sessions_ended", "Writers ended that blocked others.")
STALLED_SECONDS = Gauge(
    "fleetgauge_stalled_seconds",
    "Seconds since ingest last got on, had nothing to do or waited for an absent database.",
)
DATABASE_REJECTS = Gauge(
    "fleetgauge_database_rejects",
    "1 where the database answers and rejects us: the login, a pooler, or how it is set up.",
)
GAPS = Counter("fleetgauge_gaps", "Gaps between stored offsets and the log that were accepted.")
GROUP_CONFLICT = Gauge(
    "fleetgauge_group_conflict",
    "1 where several groups write this database, or this group writes several databases.",
    ["kind"],
)
for _kind in ("groups", "databases"):
    GROUP_CONFLICT.labels(_kind)
LAG_RECORDS = Gauge(
    "fleetgauge_lag_records",
    "Records in the log that are not stored, withheld ones included.",
    ["topic", "partition"],
)
LAG_SECONDS = Gauge(
    "fleetgauge_lag_seconds",
    "The most that the oldest record that is not stored can be old; 0 where all are stored.",
    ["topic", "partition"],
)
UNREADABLE = Gauge(
    "fleetgauge_unreadable_partition",
    "1 where a partition cannot be read, else 0.",
    ["topic", "partition"],
)
READ_ERRORS = Counter(
    "fleetgauge_read_errors", "Attempts to read a partition that failed.", ["topic", "partition"]
)
SKIPPED_BATCHES = Counter(
    "fleetgauge_skipped_batches",
    "Batches that could not be read and were passed over, as the operator asked.",
    ["topic"],
)
OPEN_TRANSACTION_SECONDS = Gauge(
    "fleetgauge_open_transaction_seconds",
    "For how long a producer's open transaction has withheld records from here on, else 0.",
    ["topic", "partition"],
)
TOPIC_FAULTS = Gauge(
    "fleetgauge_topic_faults",
    "What keeps a topic from being used without loss or standstill: settings, rights, its absence.",
    ["topic"],
)
TOPIC_PARTITIONS = Gauge(
    "fleetgauge_topic_partitions", "Partitions that a topic of ingest's has.", ["topic"]
)
ASSIGNED = Gauge("fleetgauge_assigned_partitions", "Partitions this consumer writes.")
WATERMARK = Gauge(
    "fleetgauge_watermark_timestamp_seconds",
    "Before when all samples are aggregated, whichever process did it; seconds since 1970.",
)
REFRESH_SECONDS = Histogram(
    "fleetgauge_refresh_seconds",
    "Seconds that a part of a refresh took, an hour of samples at most.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 100),
)
UPKEEP_SUCCESS = Gauge(
    "fleetgauge_upkeep_success_timestamp_seconds",
    "When an upkeep task last went well, whichever process ran it; seconds since 1970.",
    ["task"],
)
UPKEEP_OVERDUE = Gauge(
    "fleetgauge_upkeep_overdue",
    "1 where an upkeep task, or a job of the database server, has not gone well for too long.",
    ["task"],
)
UPKEEP_REMOVED = Counter(
    "fleetgauge_upkeep_removed", "Chunks or rows that this process' upkeep removed.", ["task"]
)
UPKEEP_FAILURES = Counter(
    "fleetgauge_upkeep_failures", "Upkeep tasks that failed in this process.", ["task"]
)
CONSERVATION_DIFFERENCE = Gauge(
    "fleetgauge_conservation_difference",
    "Hours (days of agent_metrics_1d) in which a rollup does not sum to the platform's rows.",
    ["level"],
)
# Reported from the start: an alert on an absent series would stay silent.
for _level in ("agent_metrics_5m", "agent_metrics_1h", "agent_metrics_1d"):
    CONSERVATION_DIFFERENCE.labels(_level)
CONSERVATION_CHECKED = Gauge(
    "fleetgauge_conservation_check_timestamp_seconds",
    "When rollups were last compared with the platform's rows; seconds since 1970.",
)


def count(decoded: Decoded) -> None:
    """Counts a batch whose events are stored or dead-lettered."""
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

"""What is said of partitions, heartbeats and dead letters, case by case."""

from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import TopicPartition

from ingest.admin.doctor.finding import Level
from ingest.admin.doctor.progress import examine_heartbeat, examine_lag, examine_letters
from ingest.reading.storedprogress import StoredPosition, StoredProgress

NOW = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
HERE = TopicPartition("s", 0)
SECOND = timedelta(seconds=1)
ACCEPT = "fleetgauge ingest --accept-gap"

# The log's first offset and end; what is stored, and how long ago its last record came.
CASES = [
    ((0, 0), None, None, Level.OK, "0 records not stored yet in 1 partitions", None),
    ((5, 5), 5, 3_600, Level.OK, "0 records not stored yet", None),
    ((0, 9), 4, 60, Level.OK, "5 records not stored yet in 1 partitions", None),
    (
        (0, 9),
        4,
        None,
        Level.WARNING,
        "s/0: 5 records, and none was stored since",
        "fleetgauge ingest",
    ),
    (
        (0, 9),
        4,
        61,
        Level.WARNING,
        "s/0: lag of 5 records, the last stored one is from 14:33:59Z",
        "start more fleetgauge ingest processes, up to one per partition",
    ),
    (
        (2, 9),
        None,
        None,
        Level.WARNING,
        "s/0: 7 records, and none was ever stored",
        "fleetgauge ingest",
    ),
    ((5, 9), 4, 0, Level.PROBLEM, "s/0: stored offset 4 is below the log's start 5: 1 rec", ACCEPT),
    ((0, 9), 10, 0, Level.PROBLEM, "s/0: stored offset 10 is past the log's end 9", ACCEPT),
]


@pytest.mark.parametrize(("bounds", "stored", "age_s", "level", "says", "hint"), CASES)
def test_lag(
    bounds: tuple[int, int],
    stored: int | None,
    age_s: int | None,
    level: Level,
    says: str,
    hint: str | None,
) -> None:
    last_ts = None if age_s is None else NOW - age_s * SECOND
    known = {} if stored is None else {HERE: StoredPosition(stored, "cluster", last_ts)}
    (finding,) = examine_lag({HERE: bounds}, StoredProgress(NOW, known, NOW), "cluster", NOW)
    assert (finding.level, finding.hint) == (level, hint)
    assert finding.says.startswith(says)


def test_another_cluster_is_reported() -> None:
    progress = StoredProgress(NOW, {HERE: StoredPosition(4, "other", NOW)}, NOW)
    (finding,) = examine_lag({HERE: (0, 9)}, progress, "cluster", NOW)
    assert finding.level is Level.PROBLEM
    assert "belongs to cluster other, this is cluster" in finding.says


BEATS = [
    (None, Level.PROBLEM, "ingest has never run on this database"),
    (120, Level.OK, "last heartbeat at 2026-03-10T14:33Z"),
    (121, Level.PROBLEM, "no ingest has run since 2026-03-10T14:32Z"),
]


@pytest.mark.parametrize(("age_s", "level", "says"), BEATS)
def test_beat(age_s: int | None, level: Level, says: str) -> None:
    beat = None if age_s is None else NOW - age_s * SECOND
    finding = examine_heartbeat(StoredProgress(beat, {}, NOW), NOW)
    assert (finding.level, finding.says) == (level, says)


@pytest.mark.parametrize(
    ("bounds", "says"), [((3, 3), "0 in the topic"), ((3, 5), "2 in the topic, see fleetgauge")]
)
def test_letters(bounds: tuple[int, int], says: str) -> None:
    finding = examine_letters({HERE: bounds})
    assert finding.level is Level.OK
    assert finding.says.startswith(says)

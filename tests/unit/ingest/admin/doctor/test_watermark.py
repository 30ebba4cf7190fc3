"""What is said of the watermark, case by case."""

from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import TopicPartition

from ingest.admin.doctor.finding import Level
from ingest.admin.doctor.watermark import examine_watermark
from ingest.admin.frontier import Backlog
from ingest.reading.storedprogress import StoredPosition, StoredProgress

NOW = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
HERE, THERE = TopicPartition("s", 0), TopicPartition("s", 1)
MINUTE = timedelta(minutes=1)
UPTO = "samples are aggregated up to 2026-03-10T14:"
SLOWER = "; queries aggregate the later samples themselves, which makes them slower"
REFRESH = "fleetgauge maintain --refresh, and check that a fleetgauge ingest runs"
START_MORE = "start more fleetgauge ingest processes, up to one per partition"

# How long ago the watermark and the newest stored record are, which backlogs there are, and what is
# said then.
CASES = [
    (0.5, 0, [], Level.OK, f"{UPTO}34:30Z, 0:00:30 behind the newest stored record", None),
    (10, 0, [], Level.OK, f"{UPTO}25:00Z, 0:10:00 behind the newest stored record", None),
    # Nobody sends: what was stored is aggregated.
    (10, 600, [], Level.OK, f"{UPTO}25:00Z, 0:00:00 behind the newest stored record", None),
    (11, None, [], Level.OK, "nothing to aggregate: no record is stored yet", None),
    (
        11,
        0,
        [],
        Level.WARNING,
        f"{UPTO}24:00Z, 0:11:00 behind the newest stored record{SLOWER}",
        REFRESH,
    ),
    (
        11,
        0,
        [Backlog(THERE, 7, NOW - 10 * MINUTE), Backlog(HERE, 7, NOW)],
        Level.WARNING,
        f"{UPTO}24:00Z, 0:11:00 behind the newest stored record{SLOWER}"
        ": s/1 is stored up to 2026-03-10T14:25:00Z",
        START_MORE,
    ),
    (
        11,
        0,
        [Backlog(THERE, 0, None)],
        Level.WARNING,
        f"{UPTO}24:00Z, 0:11:00 behind the newest stored record{SLOWER}"
        ": s/1 has records, and none of them is stored yet",
        START_MORE,
    ),
    # A backlog of now is not what it waits for.
    (
        11,
        0,
        [Backlog(THERE, 7, NOW)],
        Level.WARNING,
        f"{UPTO}24:00Z, 0:11:00 behind the newest stored record{SLOWER}",
        REFRESH,
    ),
]


@pytest.mark.parametrize(("age", "newest", "backlogs", "level", "says", "hint"), CASES)
def test_watermark(
    age: float,
    newest: float | None,
    backlogs: list[Backlog],
    level: Level,
    says: str,
    hint: str | None,
) -> None:
    last_ts = None if newest is None else NOW - newest * MINUTE
    stored = {
        HERE: StoredPosition(7, "cluster", last_ts),
        THERE: StoredPosition(7, "cluster", None if last_ts is None else last_ts - 15 * MINUTE),
    }
    finding = examine_watermark(StoredProgress(NOW, stored, NOW - age * MINUTE), backlogs)
    assert (finding.level, finding.says, finding.hint) == (level, says, hint)
    assert (finding.facts.get("waits_for") == "s/1") is (hint == START_MORE)


def test_without_any_partition_there_is_nothing_to_aggregate() -> None:
    assert examine_watermark(StoredProgress(None, {}, NOW), []).level is Level.OK

"""What is said of upkeep's tasks, of the server's jobs and of refreshes, case by case."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest.admin.doctor.finding import Finding, Level
from ingest.admin.doctor.tasks import RollupRefresh, UpkeepTaskState, examine_tasks, judge_refreshes

NOW = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
HOUR = timedelta(hours=1)
WELL: dict[str, Any] = {
    "job_id": None,
    "every": HOUR,
    "ran_at": NOW,
    "succeeded_at": NOW,
    "failure": None,
    "is_overdue": False,
    "error": None,
}
FAILED = {"failure": "see timescaledb_information.job_errors of job 1004", "error": "deadlock"}


def task(name: str, **different: Any) -> UpkeepTaskState:
    return UpkeepTaskState(name, **{**WELL, **different})


# A task, and its finding: level, sentence, hint.
CASES: list[tuple[UpkeepTaskState, tuple[Level, str, str]]] = [
    (
        task("skill_changes", ran_at=None, succeeded_at=None, every=None, is_overdue=True),
        (
            Level.PROBLEM,
            "skill_changes has never succeeded",
            "fleetgauge maintain, and check that a fleetgauge ingest runs",
        ),
    ),
    (
        task("refresh", failure="no broker answers at b:9092"),
        (
            Level.WARNING,
            "refresh failed in its last run: no broker answers at b:9092",
            "fleetgauge maintain --refresh, and check that a fleetgauge ingest runs",
        ),
    ),
    (
        task("agent_samples", failure="lock timeout"),
        (
            Level.WARNING,
            "agent_samples failed in its last run: lock timeout",
            "fleetgauge maintain, and check that a fleetgauge ingest runs",
        ),
    ),
    (
        task("agent_samples", failure="lock timeout", is_overdue=True),
        (
            Level.PROBLEM,
            "agent_samples last succeeded at 2026-03-10T14:35:00Z: lock timeout",
            "fleetgauge maintain, and check that a fleetgauge ingest runs",
        ),
    ),
    (
        task("refresh_metrics", job_id=1004, every=None, failure="x", is_overdue=True),
        (
            Level.PROBLEM,
            "refresh_metrics is switched off",
            "select alter_job(1004, scheduled => true)",
        ),
    ),
    (
        task("refresh_metrics", job_id=1004, ran_at=None, succeeded_at=None, is_overdue=True),
        (
            Level.PROBLEM,
            "refresh_metrics has never succeeded",
            "raise timescaledb.max_background_workers in postgresql.conf, and restart the server",
        ),
    ),
    (
        task("refresh_metrics", job_id=1004, is_overdue=True, **FAILED),
        (
            Level.PROBLEM,
            "refresh_metrics last succeeded at 2026-03-10T14:35:00Z: deadlock",
            "see the errors of job 1004 in timescaledb_information.job_errors",
        ),
    ),
    (
        task("refresh_metrics", job_id=1004, **FAILED),
        (
            Level.WARNING,
            "refresh_metrics failed in its last run: deadlock",
            "see the errors of job 1004 in timescaledb_information.job_errors",
        ),
    ),
]


@pytest.mark.parametrize(("ill", "expected"), CASES)
def test_what_does_not_go_well(ill: UpkeepTaskState, expected: tuple[Level, str, str]) -> None:
    well, finding = examine_tasks([task("skill_changes"), ill])
    assert (well.level, well.says) == (Level.OK, "1 tasks and jobs run without errors")
    assert (finding.level, finding.says, finding.hint) == expected


def test_where_nothing_goes_well_nothing_is_said_to() -> None:
    assert [f.level for f in examine_tasks([CASES[0][0]])] == [Level.PROBLEM]


MINUTE = timedelta(minutes=1)
# How old are: the finest watermark, the newest sample, the turn that is longest ago.
REFRESHES: list[tuple[timedelta | None, timedelta | None, timedelta | None, Level, str]] = [
    (5 * MINUTE, MINUTE, HOUR, Level.OK, "rollups are 0:04:00 behind the newest sample before"),
    (5 * MINUTE, -MINUTE, None, Level.OK, "rollups are 0:05:00 behind"),
    # Nobody sends: there is nothing to refresh.
    (90 * HOUR, 91 * HOUR, HOUR, Level.OK, "rollups are 0:00:00 behind"),
    (5 * MINUTE, None, None, Level.OK, "there are no samples yet"),
    (None, None, None, Level.OK, "there are no samples yet"),
    (None, MINUTE, None, Level.WARNING, "rollups have never been refreshed"),
    (16 * MINUTE, MINUTE, None, Level.OK, "rollups are 0:15:00 behind"),
    (17 * MINUTE, MINUTE, None, Level.WARNING, "rollups are 0:16:00 behind"),
    (HOUR, MINUTE, HOUR, Level.WARNING, "rollups are 0:59:00 behind the newest sample"),
    (
        5 * MINUTE,
        MINUTE,
        3 * HOUR,
        Level.WARNING,
        "some older buckets have not been refreshed for 3:00:00",
    ),
]


@pytest.mark.parametrize(("watermark", "newest", "turn", "level", "says"), REFRESHES)
def test_refreshes(
    watermark: timedelta | None,
    newest: timedelta | None,
    turn: timedelta | None,
    level: Level,
    says: str,
) -> None:
    times = (ago(newest), ago(turn))
    levels = [
        RollupRefresh("agent_metrics_1d", NOW - 30 * HOUR, *times),
        RollupRefresh("agent_metrics_5m", ago(watermark), *times),
    ]
    (finding,) = judge_refreshes(levels, NOW)
    assert finding.level is level
    assert finding.says.startswith(says)
    assert finding.facts["watermarks"].keys() == {"agent_metrics_1d", "agent_metrics_5m"}


def ago(span: timedelta | None) -> datetime | None:
    return None if span is None else NOW - span


def test_findings_of_tasks_name_them() -> None:
    findings: list[Finding] = examine_tasks([CASES[0][0]])
    assert findings[0].facts["task"] == "skill_changes"

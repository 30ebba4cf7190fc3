"""What is said of chunks, sizes and windows, case by case."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from ingest.admin.doctor.finding import Level
from ingest.admin.doctor.storage import Relation, examine_storage, examine_windows
from schemas.settings import DatabaseSettings
from sql.edition import Edition

NOW = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
SETTINGS = DatabaseSettings(database_url=SecretStr("postgresql://u@h/d"), raw_retention_days=35)


def relation(
    name: str, oldest_days: float | None, sizes: tuple[int, int] | None = None
) -> Relation:
    end = None if oldest_days is None else NOW - timedelta(days=oldest_days)
    before, after = sizes or (None, None)
    return Relation(name, 36, 20 if sizes else 0, end, 5_000_000, before, after)


CASES = [
    (relation("agent_samples", None), Level.OK, "agent_samples: 36 chunks, 5.0 MB"),
    (relation("agent_samples", 36.9), Level.OK, "agent_samples: 36 chunks, 5.0 MB"),
    (
        relation("agent_samples", 38.5),
        Level.PROBLEM,
        "agent_samples: 36 chunks, 5.0 MB; the oldest chunk should have been dropped 3 days ago",
    ),
    (relation("agent_metrics_5m", 91), Level.OK, "agent_metrics_5m: 36 chunks, 5.0 MB"),
    (relation("agent_metrics_1d", 4_000), Level.OK, "agent_metrics_1d: 36 chunks, 5.0 MB"),
    (
        relation("agent_samples", 1, (9_000, 2_000)),
        Level.OK,
        "agent_samples: 36 chunks, 5.0 MB, 20 in the columnstore at 1/4.5 of their size",
    ),
]


@pytest.mark.parametrize(("stored", "level", "says"), CASES)
def test_storage(stored: Relation, level: Level, says: str) -> None:
    (finding,) = examine_storage([stored], SETTINGS, NOW)
    assert (finding.level, finding.says) == (level, says)
    assert finding.hint == ("fleetgauge maintain" if level is Level.PROBLEM else None)
    assert finding.facts["chunks"] == 36


AS_SET = {"refresh_metrics": 32.0}
WINDOWS = [
    (
        Edition.APACHE,
        {},
        Level.OK,
        "samples may be 31 days late; samples are kept for 35 days, 5-minute buckets for 90",
    ),
    (Edition.COMMUNITY, AS_SET, Level.OK, "samples may be 31 days late"),
    (
        Edition.COMMUNITY,
        {},
        Level.WARNING,
        "the server's jobs differ from the settings: refresh_metrics has 0 days instead of 32",
    ),
    (
        Edition.COMMUNITY,
        {**AS_SET, "agent_samples": 31.0},
        Level.WARNING,
        "the server has a retention policy on agent_samples, which relies on its clock alone",
    ),
]


@pytest.mark.parametrize(("edition", "windows", "level", "says"), WINDOWS)
def test_windows(edition: Edition, windows: dict[str, float], level: Level, says: str) -> None:
    (finding,) = examine_windows(windows, SETTINGS, edition)
    assert finding.level is level
    assert finding.says.startswith(says)
    assert finding.hint == ("fleetgauge migrate" if level is Level.WARNING else None)

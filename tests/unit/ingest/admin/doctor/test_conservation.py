"""What the doctor reports about rollups that do not sum to the platform's rows."""

from dataclasses import replace
from datetime import UTC, datetime

from ingest.admin.conservation.report import LevelReport
from ingest.admin.doctor.conservation import examine_conservation
from ingest.admin.doctor.finding import Level

CHECKED = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
FINE = [
    LevelReport(f"agent_metrics_{name}", 0, None, None, 0, 0, CHECKED, None)
    for name in ("5m", "1h", "1d")
]
OLDEST = datetime(2026, 3, 9, tzinfo=UTC)


def test_one_finding_where_all_agree() -> None:
    (finding,) = examine_conservation(FINE)
    assert (finding.check, finding.level) == ("conservation", Level.OK)
    assert finding.says == "rollups sum to the platform's rows; checked at 2026-03-10T14:35Z"
    (finding,) = examine_conservation([replace(FINE[0], passed_at=OLDEST), *FINE[1:]])
    assert finding.says.endswith("14:35Z, all history by 2026-03-09T00:00Z")


def test_what_was_never_compared_is_a_warning() -> None:
    (finding,) = examine_conservation([replace(found, checked_at=None) for found in FINE])
    assert (finding.level, finding.hint) == (Level.WARNING, "fleetgauge ingest")


def test_each_rollup_that_differs_is_a_problem_with_its_repair() -> None:
    hours = replace(FINE[1], buckets=2, oldest=OLDEST, newest=CHECKED, samples=12)
    days = replace(hours, level="agent_metrics_1d", older_than_raw=1)
    found = examine_conservation([FINE[0], hours, days])
    assert [finding.level for finding in found] == [Level.PROBLEM] * 2
    assert {finding.hint for finding in found} == {"fleetgauge maintain --repair"}
    assert found[0].says == (
        "agent_metrics_1h does not sum to the platform's rows: 2 hours from 2026-03-09T00:00Z to "
        "2026-03-10T14:35Z, 12 samples"
    )
    assert "12 samples; 1 of these days are older than the raw samples" in found[1].says

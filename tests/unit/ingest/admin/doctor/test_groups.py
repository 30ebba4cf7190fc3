"""Which groups write a database: one alone is well."""

from datetime import UTC, datetime

import pytest

from ingest.admin.doctor.finding import Level
from ingest.admin.doctor.groups import Groups, examine_groups

AT = datetime(2026, 3, 10, 12, 0, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("groups", "level", "says"),
    [
        ([], Level.OK, "no group writes to this database now"),
        ([("one", AT)], Level.OK, "only one writes to this database"),
        (
            [("one", AT), ("two", AT)],
            Level.PROBLEM,
            "2 consumer groups write to this database and fence each other: "
            "one (at 12:00:07Z), two (at 12:00:07Z)",
        ),
    ],
)
def test_groups(groups: Groups, level: Level, says: str) -> None:
    finding = examine_groups(groups)
    assert (finding.check, finding.level, finding.says) == ("groups", level, says)
    assert (finding.hint is None) == (level is Level.OK)
    assert finding.facts == {"groups": dict(groups)}

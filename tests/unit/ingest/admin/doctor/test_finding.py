"""Levels, exit statuses, and the lines that people read."""

import pytest

from ingest.admin.doctor.finding import (
    EXIT_STATUS,
    Finding,
    Level,
    describe,
    ok,
    problem,
    warning,
    worst,
)

WELL = ok("database", "PostgreSQL 17", bytes=3)
SOON = warning("clock", "it is wrong", "set it")
AT_ONCE = problem("ingest", "none runs", "fleetgauge ingest")

CASES: list[tuple[list[Finding], Level, int]] = [
    ([], Level.OK, 0),
    ([WELL], Level.OK, 0),
    ([WELL, SOON], Level.WARNING, 3),
    ([SOON, AT_ONCE, WELL], Level.PROBLEM, 1),
]


@pytest.mark.parametrize(("findings", "level", "status"), CASES)
def test_the_worst_decides(findings: list[Finding], level: Level, status: int) -> None:
    assert worst(findings) is level
    assert EXIT_STATUS[level] == status


def test_what_mends_it_is_below() -> None:
    assert describe([WELL, AT_ONCE]).splitlines() == [
        "ok       database    PostgreSQL 17",
        "problem  ingest      none runs",
        "                     -> fleetgauge ingest",
    ]

"""What is said of a database server, case by case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest.admin.doctor.finding import Level
from ingest.admin.doctor.server import Server, examine_server, in_units

NOW = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
WELL = Server("17.10 (Debian)", "2.23.0", "timescale", NOW, is_standby=False, bytes=12_300_000_000)

# What is different, and the findings: check, level, how its sentence begins.
CASES: list[tuple[dict[str, Any], list[tuple[str, Level, str]]]] = [
    (
        {},
        [
            (
                "database",
                Level.OK,
                "PostgreSQL 17.10, TimescaleDB 2.23.0, community edition, 12.3 GB",
            )
        ],
    ),
    (
        {"licence": "apache"},
        [("database", Level.OK, "PostgreSQL 17.10, TimescaleDB 2.23.0, apach")],
    ),
    ({"licence": "odd"}, [("database", Level.PROBLEM, "timescaledb.license is 'odd'")]),
    (
        {"timescaledb": None, "licence": None},
        [("database", Level.PROBLEM, "PostgreSQL 17.10 (Debian) without TimescaleDB")],
    ),
    (
        {"postgresql": "17.12"},
        [("database", Level.WARNING, "PostgreSQL 17.12 with TimescaleDB 2.23.0: every background")],
    ),
    ({"postgresql": "16.3"}, [("database", Level.WARNING, "PostgreSQL 16.3, TimescaleDB 2.23.0")]),
    (
        {"is_standby": True},
        [("database", Level.OK, ""), ("database", Level.PROBLEM, "this server is a standby")],
    ),
    ({"now": NOW - timedelta(seconds=30)}, [("database", Level.OK, "")]),
    (
        {"now": NOW - timedelta(seconds=31)},
        [
            ("database", Level.OK, ""),
            ("clock", Level.WARNING, "the database's clock differs from "),
        ],
    ),
    (
        {"now": NOW + timedelta(days=1)},
        [("database", Level.OK, ""), ("clock", Level.PROBLEM, "this host's clock (")],
    ),
]


@pytest.mark.parametrize(("different", "expected"), CASES)
def test_case(different: dict[str, Any], expected: list[tuple[str, Level, str]]) -> None:
    found = examine_server(replace(WELL, **different), NOW)
    assert [(f.check, f.level) for f in found] == [(check, level) for check, level, _ in expected]
    for finding, (_, _, begin) in zip(found, expected, strict=True):
        assert finding.says.startswith(begin)


UNITS = [
    (0, "0 B"),
    (999, "999 B"),
    (1_000, "1.0 kB"),
    (12_345_678, "12.3 MB"),
    (5_600_000_000_000, "5.6 TB"),
]


@pytest.mark.parametrize(("count", "text"), UNITS)
def test_bytes_for_people(count: float, text: str) -> None:
    assert in_units(count) == text

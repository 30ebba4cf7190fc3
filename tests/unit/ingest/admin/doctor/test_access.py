"""What the database lets us do: each thing that it does not is a finding with its fix."""

from ingest.admin.doctor.access import MissingPrivilege, examine_encoding, examine_rights
from ingest.admin.doctor.finding import Level


def test_all_rights_are_one_finding() -> None:
    (finding,) = examine_rights([], "fleetgauge")
    assert (finding.check, finding.level) == ("rights", Level.OK)


def test_a_missing_right_has_its_grant() -> None:
    lacking = [
        MissingPrivilege("temporary", "database", "fleet"),
        *(MissingPrivilege("insert", "table", f"t{number}") for number in range(10)),
    ]
    assert [(f.level, f.says, f.hint) for f in examine_rights(lacking, 'we"ird')] == [
        (
            Level.PROBLEM,
            'the role we"ird lacks temporary on database fleet',
            'grant temporary on database fleet to "we""ird"',
        ),
        (
            Level.PROBLEM,
            'the role we"ird lacks insert on table t0, t1, t2, t3, t4, t5, t6, t7 and 2 more',
            'grant insert on table t0, t1, t2, t3, t4, t5, t6, t7, t8, t9 to "we""ird"',
        ),
    ]


def test_an_encoding_other_than_utf8_is_named() -> None:
    assert examine_encoding("UTF8") == []
    (finding,) = examine_encoding("LATIN1")
    assert finding.level is Level.PROBLEM
    assert "LATIN1" in finding.says

"""What is made of pytest's reports."""

import pytest

from tests.faults.plugin import CASE, ROUNDS, runs_of


def report(nodeid: str, outcome: str, when: str = "call") -> pytest.TestReport:
    return pytest.TestReport(
        nodeid,
        ("tests/faults/test_x.py", 1, nodeid),
        {},
        outcome,  # type: ignore[arg-type] # one of three words
        None,
        when,  # type: ignore[arg-type] # one of three words
        user_properties=[(CASE, [4, "refused"]), (ROUNDS, 3)],
    )


def test_a_test_that_fails_when_it_is_taken_down_has_failed() -> None:
    reports = [report("a", "passed"), report("a", "failed", "teardown"), report("b", "passed")]
    assert [(run.number, run.rounds, run.passed) for run in runs_of(reports)] == [
        (4, 3, False),
        (4, 3, True),
    ]


def test_a_module_that_cannot_be_collected_is_no_run() -> None:
    broken = pytest.CollectReport("tests/faults/test_x.py", "failed", None, None)
    assert runs_of([broken]) == []

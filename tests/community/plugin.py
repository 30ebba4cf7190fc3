"""The community edition's tests as a separate group in the output, also under xdist."""

from typing import Any, Final

import pytest

from tests.community.server import IS_FULL

FOLDER: Final = "tests/community/"
OUTCOMES: Final = ("passed", "failed", "error", "skipped")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints the number of tests by outcome, and on what server; nothing if none was selected."""
    counts = {
        outcome: sum(
            report.nodeid.startswith(FOLDER)
            for report in terminalreporter.stats.get(outcome, [])
            if isinstance(report, pytest.TestReport)
        )
        for outcome in OUTCOMES
    }
    if any(counts.values()):
        where = "the server of FLEETGAUGE_TEST_DATABASE_URL" if IS_FULL else "WebAssembly"
        terminalreporter.section(f"community edition, {where}")
        parts = (f"{outcome}: {count}" for outcome, count in counts.items() if count)
        terminalreporter.write_line(", ".join(parts))

"""Each promise on the page names the tests that show it, and these are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "guarantees.md"
ROW = re.compile(r"^\|(?P<promise>[^|]+)\|(?P<needs>[^|]*)\|(?P<shown>[^|]+)\|$", re.M)
UNTESTED = "not tested here"


def promises() -> dict[str, str]:
    """What shows each of them, from the tables that have a column for it."""
    tables = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.M)
    shown = [table for table in tables if "| promise | needs | shown by |" in table]
    rows = [row for table in shown for row in ROW.finditer(table)]
    return {
        row["promise"].strip(): row["shown"].strip()
        for row in rows
        if row["promise"].strip() not in {"promise", "---"}
    }


def test_each_promise_is_shown_or_said_not_to_be() -> None:
    found = promises()
    assert len(found) > 20
    for promise, shown in found.items():
        assert re.search(r"`tests/[^`]+\.py`", shown) or shown.startswith(UNTESTED), promise


def test_the_tests_are_there_and_test_something() -> None:
    named = set(re.findall(r"`(tests/[^`]+)`", PAGE.read_text(encoding="utf-8")))
    for name in named:
        assert re.search(r"^(async )?def test_", (ROOT / name).read_text(), re.M), name

"""Ranges, steps and windows: `schemas` has their names, `query` their widths, the rest the same."""

import re
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from deploy.local import demo_service
from query.edges import WIDTHS
from query.spans import HOUR_STEPS, RANGES, STEPS
from query.window import BUCKETS
from schemas.agents import Window
from schemas.history import Range, Step

ROOT = Path(__file__).parents[3]
PAGES = "query/pages/"
LISTS = "sql/common/repeatable/37_lists.sql"


def text_of(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def entries(table: str) -> dict[str, str]:
    """The entries of an object in buckets.js: by name, what is in braces."""
    found = re.search(rf"export const {table} = {{\n(.*?)\n}};", text_of(BUCKETS_JS), re.S)
    assert found, f"{BUCKETS_JS} has no {table}"
    return dict(re.findall(r'"(\w+)": {(.*)},', found[1]))


BUCKETS_JS = f"{PAGES}dashboard/buckets.js"


def test_each_name_has_a_width() -> None:
    assert tuple(RANGES) == get_args(Range), "RANGES in query/spans.py"
    assert tuple(WIDTHS) == get_args(Step) == tuple(STEPS), "WIDTHS in query/edges.py"
    assert tuple(BUCKETS) == get_args(Window), "BUCKETS in query/window.py"
    assert set(HOUR_STEPS) == {
        step for step, width in WIDTHS.items() if width >= timedelta(hours=1)
    }, "HourStep in schemas/history.py"


def test_the_page_has_the_ranges() -> None:
    found = {
        name: (int(buckets), step)
        for name, entry in entries("RANGES").items()
        for step, buckets in re.findall(r'step: "(\w+)", buckets: (\d+)', entry)
    }
    assert found == dict(RANGES), f"RANGES in {BUCKETS_JS} and in query/spans.py differ"


def test_the_page_has_the_steps() -> None:
    found = {
        name: timedelta(seconds=int(width.replace("_", "")))
        for name, entry in entries("STEPS").items()
        for width in re.findall(r"widthS: ([\d_]+)", entry)
    }
    assert found == WIDTHS, f"STEPS in {BUCKETS_JS} and WIDTHS in query/edges.py differ"


def test_the_page_offers_the_ranges_and_windows() -> None:
    page = text_of(f"{PAGES}index.html")
    ranges = re.findall(r'name="range" value="(\w+)"', page)
    windows = re.findall(r'<option value="(\w+)"', page)
    assert ranges == [*get_args(Range), "custom"], f"ranges in {PAGES}index.html"
    assert windows == list(get_args(Window)), f"windows in {PAGES}index.html"


def test_an_address_takes_the_windows() -> None:
    route = text_of(f"{PAGES}dashboard/route.js")
    (found,) = re.findall(r'window: \["15m", oneOf\((.*)\)\]', route)
    assert re.findall(r'"(\w+)"', found) == list(get_args(Window)), "windows in route.js"


def test_the_summary_of_agents_has_the_windows() -> None:
    starts = re.findall(
        r"of_(\w+) constant timestamptz := window_start\(now, (\d+)\)", text_of(LISTS)
    )
    assert {name: int(buckets) for name, buckets in starts} == BUCKETS, (
        f"windows in {LISTS} and BUCKETS in query/window.py differ"
    )
    columns = set(
        re.findall(r"^    messages_(\w+) bigint NOT NULL", text_of("sql/schema.sql"), re.M)
    )
    assert columns == set(BUCKETS), "columns of agent_summary in sql/schema.sql"
    comments = text_of("sql/common/repeatable/71_comments_lists.sql")
    assert f"array[{', '.join(map(repr, BUCKETS))}]" in comments


@pytest.mark.parametrize("name", RANGES)
def test_the_page_for_dashboards_has_each_range(name: Range) -> None:
    points = RANGES[name][0]
    row = rf"^\| `{name}` \| .* {points} at most \|"
    assert re.search(row, text_of("docs/dashboards/http.md"), re.M), "docs/dashboards/http.md"


def test_the_demo_asks_for_the_ranges() -> None:
    assert get_args(Range) == demo_service.RANGES, "RANGES in deploy/local/demo_service.py"

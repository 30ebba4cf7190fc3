"""The metrics that charts show are fields of a point, and each has its colour."""

import re
from pathlib import Path

import msgspec

from schemas.history import Point

PAGES = Path(__file__).parents[3] / "query" / "pages"
METRICS = (PAGES / "dashboard" / "metrics.js").read_text(encoding="utf-8")
FIELDS = {field.encode_name for field in msgspec.structs.fields(Point)}


def table(name: str) -> str:
    found = re.search(rf"export const {name} = {{\n(.*?)\n}};", METRICS, re.S)
    assert found, f"metrics.js has no {name}"
    return found[1]


LISTED = re.findall(r"^  (\w+): {", table("METRICS"), re.M)


def test_metrics_are_all_fields_of_a_point() -> None:
    most = re.findall(r'most: "(\w+)"', table("METRICS"))
    assert {*LISTED, *most, "timestamp"} == FIELDS, (
        "METRICS in query/pages/dashboard/metrics.js and Point in schemas/history.py differ"
    )


def test_charts_are_of_metrics() -> None:
    assert set(re.findall(r'"(\w+)"', table("CHARTS"))) == set(LISTED)


def test_each_metric_has_a_colour() -> None:
    css = (PAGES / "dashboard" / "charts.css").read_text(encoding="utf-8")
    coloured = {
        name
        for line in re.findall(r"^(.*) { --ink:", css, re.M)
        for name in LISTED
        if f".{name}" in line
    }
    assert coloured == set(LISTED), "query/pages/dashboard/charts.css"
    (keys,) = re.findall(r"^\.key:is\((.*)\) {", css, re.M)
    assert re.findall(r"\.(\w+)", keys) == LISTED, ".key in query/pages/dashboard/charts.css"

"""Grafana's dashboards and provisioning: whole, in step with one another, honest about gaps."""

import re
from itertools import combinations
from typing import Any

import pytest

from tests.support.dashboards import (
    DASHBOARDS,
    FOLDER,
    POSTGRESQL,
    PROMETHEUS,
    Target,
    expanded,
    links,
    panels,
    provisioned,
    targets,
    variables,
)

SOURCES = {
    one["uid"]: one["type"] for one in provisioned("datasources/fleetgauge.yaml")["datasources"]
}
SQL = list(targets(POSTGRESQL))
SERIES = [target for target in SQL if target.kind == "time_series"]
RULES = [rule for group in provisioned("alerting/fleet.yaml")["groups"] for rule in group["rules"]]


def test_there_are_three() -> None:
    assert {name: board["uid"] for name, board in DASHBOARDS.items()} == {
        "fleet": "fleetgauge-fleet",
        "own": "fleetgauge-own",
        "user": "fleetgauge-user",
    }


@pytest.mark.parametrize("board", DASHBOARDS)
def test_panels_have_a_place_each(board: str) -> None:
    found = DASHBOARDS[board]["panels"]
    assert len({panel["id"] for panel in found}) == len(found)
    titles = [panel["title"] for panel in found]
    assert len(set(titles)) == len(titles)
    for one, other in combinations((panel["gridPos"] for panel in found), 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in found)


@pytest.mark.parametrize("board", DASHBOARDS)
def test_every_question_goes_to_a_source_that_is_provisioned(board: str) -> None:
    asked = [target["datasource"] for panel in panels(board) for target in panel["targets"]]
    asked += [one["datasource"] for one in variables(board).values() if one["type"] == "query"]
    assert asked
    assert {(source["uid"], source["type"]) for source in asked} <= set(SOURCES.items())


def test_the_sources_are_those_that_tests_ask() -> None:
    assert set(SOURCES) == {POSTGRESQL, PROMETHEUS}
    assert SOURCES[POSTGRESQL] == "grafana-postgresql-datasource"


@pytest.mark.parametrize("board", ["fleet", "user"])
def test_a_link_leads_to_a_dashboard_with_values_that_it_has(board: str) -> None:
    boards = {one["uid"]: name for name, one in DASHBOARDS.items()}
    found = list(links(board))
    assert found
    for url, sql in found:
        uid, asked = re.fullmatch(r"/d/([a-z-]+)\?(.*)&\$\{__url_time_range\}", url).groups()  # type: ignore[union-attr]
        given = dict(word.removeprefix("var-").split("=") for word in asked.split("&"))
        assert given.keys() <= variables(boards[uid]).keys(), url
        for value in given.values():
            field = re.fullmatch(r"\$\{__data\.fields\.(\w+)\}", value)
            assert (field and re.search(rf"\b{field[1]}\b", sql)) or value == "${user}", url


@pytest.mark.parametrize("board", DASHBOARDS)
def test_a_gap_stays_a_gap(board: str) -> None:
    for panel in panels(board):
        if panel["type"] == "timeseries":
            custom = panel["fieldConfig"]["defaults"]["custom"]
            assert custom["spanNulls"] is False, panel["title"]


@pytest.mark.parametrize("target", SERIES, ids=lambda target: target.name)
def test_a_bucket_without_a_row_is_a_gap_or_a_true_zero(target: Target) -> None:
    """Without a row for it, Grafana would draw the line straight across."""
    (column, width, fill) = re.findall(r"\$__timeGroupAlias\((.*?),'(.*?)',(.*?)\)", target.text)[0]
    if "_daily" in target.text:
        assert (column, width, fill) == ("time", "1d", "0")
    else:
        assert (column, fill) == ("time", "NULL")
        assert width == ("1h" if "fleet_1h" in target.text else "${step:raw}")
    assert re.search(r"^order by 1(, 2)?$", target.text, re.M)


def test_macros_are_expanded_as_grafana_does() -> None:
    text = "select $__timeGroupAlias(time,'5m',NULL), a where $__timeFilter(t) > $__timeFrom()"
    assert expanded(text, "A", "B") == (
        "select time_bucket('300.000s',time) AS \"time\", a where t BETWEEN 'A' AND 'B' > 'A'"
    )
    with pytest.raises(KeyError):
        expanded("$__interval_ms(time)", "A", "B")


def test_no_macro_is_in_what_grafana_looks_for_variables_of_the_environment_in() -> None:
    assert "$" not in (FOLDER / "provisioning" / "alerting" / "fleet.yaml").read_text().replace(
        "A dollar sign", ""
    )


@pytest.mark.parametrize("rule", RULES, ids=[rule["uid"] for rule in RULES])
def test_an_alert_is_wired_from_query_to_threshold(rule: Any) -> None:
    query, reduced, threshold = rule["data"]
    assert query["datasourceUid"] == POSTGRESQL
    assert reduced["model"]["expression"] == query["refId"] == query["model"]["refId"]
    assert threshold["model"]["expression"] == reduced["refId"]
    assert threshold["refId"] == rule["condition"]
    assert {reduced["datasourceUid"], threshold["datasourceUid"]} == {"__expr__"}

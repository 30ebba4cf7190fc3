"""What is asked of Prometheus: in its language, of metrics and labels that there are, explained."""

import re
from collections.abc import Iterator
from typing import Any

import promql_parser as promql
import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from ingest import metrics as of_ingest
from query import monitoring as of_serve
from tests.support.dashboards import PROMETHEUS, provisioned, targets
from tests.support.stack import REPOSITORY

FOLDER = REPOSITORY / "deploy" / "prometheus"
PAGE = "docs/operators/monitoring.md"
RULES = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
ASKED = {
    **{f"{t.name} {n}": t.text for n, t in enumerate(targets(PROMETHEUS))},
    **{rule["alert"]: rule["expr"] for rule in RULES},
}
RUNBOOKS = [(rule["alert"], rule["annotations"]["runbook"]) for rule in RULES] + [
    (rule["uid"], rule["annotations"]["runbook"])
    for group in provisioned("alerting/fleet.yaml")["groups"]
    for rule in group["rules"]
]
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
SCRAPED = {"job", "instance"}


def exported_series() -> dict[str, set[str]]:
    """Series that ingest and serve export: name and labels, including those of the scrape."""
    found = {"up": SCRAPED}
    for name in ("cpu_seconds_total", "resident_memory_bytes", "open_fds", "start_time_seconds"):
        found[f"process_{name}"] = SCRAPED
    for value in [*vars(of_ingest).values(), *vars(of_serve).values()]:
        if isinstance(value, MetricWrapperBase):
            (family,) = value.describe()
            for suffix in SUFFIXES[family.type]:
                labels = {*value._labelnames} | SCRAPED  # noqa: SLF001
                found[family.name + suffix] = labels | ({"le"} if suffix == "_bucket" else set())
    return found


SERIES = exported_series()


def parts(expression: str) -> list[promql.Expr]:
    """An expression's own and all below it; Grafana's own span is put in."""
    found: list[promql.Expr] = []
    promql.walk(promql.parse(expression.replace("$__rate_interval", "5m")), found.append)
    return found


def selectors(expression: str) -> Iterator[promql.VectorSelector]:
    for part in parts(expression):
        if isinstance(part, promql.VectorSelector):
            yield part


@pytest.mark.parametrize("expression", ASKED.values(), ids=ASKED)
def test_queried_series_are_exported(expression: str) -> None:
    found = list(selectors(expression))
    assert found
    for selector in found:
        assert selector.name in SERIES
        assert {one.name for one in selector.matchers.matchers} <= SERIES[selector.name]


@pytest.mark.parametrize("expression", ASKED.values(), ids=ASKED)
def test_what_is_grouped_by_is_a_label(expression: str) -> None:
    for part in parts(expression):
        if isinstance(part, promql.AggregateExpr) and part.modifier is not None:
            labels = [SERIES[selector.name or ""] for selector in selectors(part.expr.prettify())]
            assert set(part.modifier.labels) <= set.intersection(*labels)


def test_counters_are_asked_for_their_growth() -> None:
    """A plain counter restarts with each process; these are so rare as to be shown."""
    rare = {"fleetgauge_gaps_total", "fleetgauge_fenced_total", "fleetgauge_skipped_batches_total"}
    rare.add("fleetgauge_stale_sessions_ended_total")
    for expression in ASKED.values():
        counters = [one.name for one in selectors(expression) if str(one.name).endswith("_total")]
        for part in parts(expression):
            if isinstance(part, promql.MatrixSelector) and part.vector_selector.name in counters:
                counters.remove(part.vector_selector.name)
        assert set(counters) <= rare


def test_every_metric_has_its_place_on_the_dashboard_or_in_an_alert() -> None:
    asked = {selector.name for expression in ASKED.values() for selector in selectors(expression)}
    families = {re.sub("_(bucket|sum|count)$", "", name) for name in SERIES}
    assert families == {re.sub("_(bucket|sum|count)$", "", str(name)) for name in asked}


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_an_alert_says_what_is_wrong(rule: Any) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook"}


@pytest.mark.parametrize(("name", "runbook"), RUNBOOKS, ids=[name for name, _ in RUNBOOKS])
def test_an_alert_leads_to_what_to_do(name: str, runbook: str) -> None:
    page, _, anchor = runbook.partition("#")
    headings = re.findall(r"^### (\w+)$", (REPOSITORY / page).read_text(), re.M)
    assert (page, anchor in {heading.lower() for heading in headings}) == (PAGE, True)


def test_the_page_has_no_alert_that_is_gone() -> None:
    headings = re.findall(r"^### (\w+)$", (REPOSITORY / PAGE).read_text(), re.M)
    assert len(headings) == len(RUNBOOKS)


def test_reasons_of_dead_letters_are_exported_before_the_first() -> None:
    """Prometheus sees no increase in a series that begins at 1."""
    (family,) = of_ingest.DEAD_LETTERS.collect()
    reasons = {sample.labels["reason"] for sample in family.samples}
    assert {"malformed", "invalid", "future", "expired", "too_large", "refused"} <= reasons


def test_jobs_are_those_that_are_scraped() -> None:
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    jobs = {job["job_name"] for job in config["scrape_configs"]}
    assert jobs == {"fleetgauge-ingest", "fleetgauge-serve"}
    asked = "".join(ASKED.values())
    assert set(re.findall(r'job="([^"]*)"', asked)) == jobs
    assert set(re.findall(r'job=~"([^"]*)"', asked)) == {"fleetgauge-.*"}

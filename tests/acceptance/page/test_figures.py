"""The numbers shown are the numbers answered: each figure against the answer that the page got."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.page.site import Site


def shown(page: Page, section: str) -> dict[str, str]:
    """Every figure of a section, by the name of its field."""
    found: dict[str, str] = page.locator(f"[data-section={section}]").evaluate(
        """(root) => Object.fromEntries([...root.querySelectorAll("[data-figure]")]
            .map((one) => [one.dataset.figure, one.textContent]))"""
    )
    return found


def answered(page: Page, site: Site, user: str | None, path: str) -> Any:
    """Signs in; the service's response to the page for a path."""
    with page.expect_response(lambda answer: answer.url.partition("?")[0].endswith(path)) as got:
        site.sign_in(page, user)
    return got.value.json()


def test_the_platform(page: Page, site: Site) -> None:
    metrics = answered(page, site, None, "/api/metrics")["metrics"]
    expect(page.locator("[data-section=platform]")).to_have_attribute("data-state", "shown")
    deployments = metrics["deployments"]
    storage, uptime, performance = (metrics[n] for n in ("storage", "uptime", "performance"))
    assert shown(page, "platform") == {
        **{f"agents.{name}": f"{many:,}" for name, many in metrics["agents"].items()},
        **{f"messages.{name}": f"{many:,}" for name, many in metrics["messages"].items()},
        **{f"deployments.{name}": f"{many:,}" for name, many in deployments.items()},
        "deployments.pending": "1",
        "performance.averageResponseTime": f"{performance['averageResponseTime']:g} ms",
        "performance.errorRate": f"{performance['errorRate']}%",
        "performance.successRate": f"{performance['successRate']}%",
        "uptime.platformUptime": f"{uptime['platformUptime']:g}%",
        "uptime.averageAgentUptime": f"{uptime['averageAgentUptime']:g}%",
        "storage.percentUsed": "25%",
        "storage.used": "512 MB",
        "storage.total": "2.05 GB",
    }
    assert (storage["percentUsed"], storage["used"], storage["total"]) == (25, 512, 2048)
    assert [metrics["agents"][name] for name in ("total", "active", "failed")] == [5, 2, 1]


def test_a_user_now(page: Page, site: Site) -> None:
    told = answered(page, site, "alice", "/performance")
    expect(page.locator("[data-section=performance]")).to_have_attribute("data-state", "shown")
    assert shown(page, "performance") == {
        "cpu": f"{told['cpu']:g}%",
        "memory": "40.25%",
        "errorRate": f"{told['errorRate']:g}%",
        "responseTime": "84.2 ms",
    }
    expect(page.locator("[data-part=chip]")).to_have_text("Live")
    expect(page.locator("[data-part=newest]")).to_contain_text("newest sample ")


def test_a_users_business(page: Page, site: Site) -> None:
    told = answered(page, site, "alice", "/summary")
    expect(page.locator("[data-section=summary]")).to_have_attribute("data-state", "shown")
    figures = shown(page, "summary")
    for name, text in figures.items():
        value = told
        for step in name.split("."):
            value = value[step]
        assert text == (f"{value:,}" if isinstance(value, int) else value), name
    assert figures["revenue.month"] == "$1,234.50"
    assert figures["bookings.conversion"] == "50.0%"
    others = page.locator("[data-part=others]")
    expect(others).to_have_text("EUR, this month€12.00")


# the module, what is called in it, and what it returns
CASES = [
    ("format", "m.FORMATS.count(1234567)", "1,234,567"),
    ("format", "m.FORMATS.percent(31.456)", "31.46%"),
    ("format", "m.FORMATS.percent('0.40')", "0.40%"),
    ("format", "m.FORMATS.ms(1234.5)", "1,234.5 ms"),
    ("format", "m.FORMATS.megabytes(0)", "0 MB"),
    ("format", "m.FORMATS.megabytes(999.9)", "999.9 MB"),
    ("format", "m.FORMATS.megabytes(1000)", "1 GB"),
    ("format", "m.FORMATS.megabytes(1430000)", "1.43 TB"),
    ("format", "m.compact(41000)", "41K"),
    ("format", "m.span(-3)", "0 seconds"),
    ("format", "m.span(1)", "1 second"),
    ("format", "m.span(119)", "1 minute"),
    ("format", "m.span(7199)", "1 hour"),
    ("format", "m.span(172800)", "2 days"),
    ("format", "m.timeOfDay(new Date('2026-03-10T00:05:09Z'))", "00:05:09 UTC"),
    (
        "format",
        "m.fullTime(new Date('2025-12-31T23:59:59Z'), new Date('2026-01-01'))",
        "Dec 31, 2025, 23:59:59 UTC",
    ),
    ("route", "m.routeOf('#/platform').user", None),
    ("route", "m.routeOf('#/users/a%40b~c?range=7d')", {"user": "a@b~c", "range": "7d"}),
    ("route", "m.routeOf('#/users/a?range=1y').range", "24h"),
    ("route", "m.routeOf('#/users/%?x').user", "%"),
    ("route", "m.routeOf('#/users/')", None),
    ("route", "m.hashOf({user: 'a@b:c', range: '30d'})", "#/users/a%40b%3Ac?range=30d"),
]


@pytest.fixture
def modules(page: Page, site: Site) -> Page:
    """A page from which the modules can be imported."""
    page.goto(site.address)
    return page


def test_formats_and_routes(modules: Page) -> None:
    for module, call, expected in CASES:
        result = modules.evaluate(f"import('./dashboard/{module}.js').then((m) => {call})")
        assert result == expected, call


# now, the points' times, and for each bucket `+` with data, `-` without
TIMELINES = [
    ("24h", "2026-03-10T14:35:00Z", [], "-" * 24),
    ("24h", "2026-03-10T14:00:00Z", ["2026-03-10T14:00:00Z"], "-" * 23 + "+"),
    ("24h", "2026-03-10T14:35:00Z", ["2026-03-09T15:00:00Z"], "+" + "-" * 23),
    ("24h", "2026-03-10T14:35:00Z", ["2026-03-09T14:00:00Z"], "-" * 24),
    # the service's clock said so in whole seconds, a moment before
    ("24h", "2026-03-10T14:59:59Z", ["2026-03-10T15:00:00Z"], "-" * 23 + "+"),
    ("7d", "2026-03-10T14:35:00Z", ["2026-03-10T06:00:00Z"], "-" * 26 + "+-"),
    ("30d", "2026-03-10T14:35:00Z", ["2026-03-01T00:00:00Z"], "-" * 20 + "+" + "-" * 9),
]


def test_timelines_have_all_buckets(modules: Page) -> None:
    for time_range, now, times, expected in TIMELINES:
        buckets = modules.evaluate(
            """([range, now, times]) => import("./dashboard/timeline.js").then((m) =>
                m.timeline(range, times.map((timestamp) => ({timestamp})), new Date(now)))""",
            [time_range, now, times],
        )
        assert "".join("-+"[bucket["point"] is not None] for bucket in buckets) == expected
        assert [bucket["unfinished"] for bucket in buckets] == [False] * (len(buckets) - 1) + [True]

"""The numbers shown are the numbers answered: each figure against the answer that the page got."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

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
    assert [metrics["agents"][name] for name in ("total", "active", "failed")] == [35, 31, 2]


def test_a_user_now(page: Page, site: Site) -> None:
    answer = answered(page, site, "alice", "/performance")
    expect(page.locator("[data-section=performance]")).to_have_attribute("data-state", "shown")
    assert shown(page, "performance") == {
        "cpu": f"{answer['cpu']:g}%",
        "memory": "40.25%",
        "errorRate": f"{answer['errorRate']:g}%",
        "responseTime": "84.2 ms",
    }
    expect(page.locator("[data-part=chip]")).to_have_text("Live")
    expect(page.locator("[data-part=newest]")).to_contain_text("newest sample ")


def test_a_users_business(page: Page, site: Site) -> None:
    answer = answered(page, site, "alice", "/summary")
    expect(page.locator("[data-section=summary]")).to_have_attribute("data-state", "shown")
    figures = shown(page, "summary")
    for name, text in figures.items():
        value = answer
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
    ("zone", "m.timeOfDay(new Date('2026-03-10T00:05:09Z'))", "00:05:09 UTC"),
    (
        "zone",
        "m.fullTime(new Date('2025-12-31T23:59:59Z'), new Date('2026-01-01'))",
        "Dec 31, 2025, 23:59:59 UTC",
    ),
    ("route", "m.routeOf('#/platform').user", None),
    ("route", "m.routeOf('#/users/a%40b~c?range=7d').user", "a@b~c"),
    ("route", "m.routeOf('#/users/a/agents/b%3A1').agent", "b:1"),
    ("route", "m.routeOf('#/users/%?x').user", "%"),
    ("route", "m.routeOf('#/users/')", None),
    ("route", "m.routeOf('#/users/a/agents/')", None),
    ("route", "m.routeOf('#/users/a/agents/..')", None),
    ("route", "m.hashOf(m.placeOf({user: 'a@b:c', range: '30d'}))", "#/users/a%40b%3Ac?range=30d"),
]
# an address, and the one that the page makes of it; "" where it is the same
ADDRESSES = [
    ("#/platform", ""),
    ("#/platform?range=7d", ""),
    ("#/users/a?range=24h", ""),
    ("#/users/a", "#/users/a?range=24h"),
    ("#/users/a?range=1y", "#/users/a?range=24h"),
    ("#/users/a/agents/b?range=24h&tz=Asia/Kathmandu", ""),
    ("#/users/a?range=24h&tz=Europe/Atlantis", "#/users/a?range=24h"),
    ("#/platform?from=2026-11-24T13:00:00Z&to=2026-11-24T15:00:00Z", ""),
    ("#/platform?from=2026-11-24T15:00:00Z&to=2026-11-24T13:00:00Z", "#/platform"),
    ("#/platform?from=2026-13-24T13:00:00Z", "#/platform"),
    ("#/platform?from=yesterday&step=1h", "#/platform"),
    ("#/platform?from=2026-11-24T13:00:00Z&step=6h&tz=America/New_York", ""),
    ("#/platform?list=agents&sort=cpu&order=asc&search=agent-1&state=failed&window=1h", ""),
    ("#/platform?list=everything&order=up&state=lost&window=1y&search=%20", "#/platform"),
    ("#/platform?cursor=AZaz09_-", ""),
    ("#/platform?cursor=%3Cb%3E", "#/platform"),
    ("#/platform?kind=deployment&events=abc&since=2026-11-24T13:00:00Z", ""),
    ("#/platform?since=2026-11-24T13:00:00Z", "#/platform"),
    ("#/platform?user=alice&agent=a&token=b", "#/platform"),
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


def test_an_address_keeps_what_it_may_say(modules: Page) -> None:
    for address, expected in ADDRESSES:
        result = modules.evaluate(
            "(hash) => import('./dashboard/route.js').then((m) => m.hashOf(m.routeOf(hash)))",
            address,
        )
        assert result == (expected or address)


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
            """([range, now, times]) => import("./dashboard/buckets.js").then((m) =>
                m.bucketsOfRange(range, times.map((timestamp) => ({timestamp})), new Date(now)))""",
            [time_range, now, times],
        )
        assert "".join("-+"[bucket["point"] is not None] for bucket in buckets) == expected
        assert [bucket["unfinished"] for bucket in buckets] == [False] * (len(buckets) - 1) + [True]


# zone, step, from, to, and the starts of the buckets on the zone's clock; from the zones' rules
SPANS = [
    # The clock is set forward at 2 in the night.
    ("Europe/Berlin", "6h", "2026-03-28T23:00Z", "2026-03-29T22:00Z", "00:00 06:00 12:00 18:00"),
    # And back.
    ("Europe/Berlin", "6h", "2026-10-24T22:00Z", "2026-10-25T23:00Z", "00:00 06:00 12:00 18:00"),
    ("Asia/Kathmandu", "1h", "2026-11-24T18:15Z", "2026-11-24T20:15Z", "00:00 01:00"),
    ("America/New_York", "1d", "2026-10-31T04:00Z", "2026-11-03T05:00Z", "00:00 00:00 00:00"),
    # By half an hour.
    (
        "Australia/Lord_Howe",
        "6h",
        "2026-10-03T13:30Z",
        "2026-10-04T13:00Z",
        "00:00 06:00 12:00 18:00",
    ),
    ("UTC", "15m", "2026-11-24T13:00Z", "2026-11-24T13:30Z", "13:00 13:15"),
    # There is no midnight: the day begins at 1.
    ("Africa/Cairo", "1d", "2026-04-23T22:00Z", "2026-04-25T21:00Z", "01:00 00:00"),
]


def test_spans_have_all_buckets_of_the_zone(modules: Page) -> None:
    for zone, step, start, stop, expected in SPANS:
        starts = modules.evaluate(
            """([tz, step, from, to]) => import("./dashboard/buckets.js").then((m) =>
                m.bucketsOfSpan({from, to, step, tz}, [], Date.parse(to) - 1)
                    .map(({start}) => start))""",
            [zone, step, start, stop],
        )
        walls = [datetime.fromtimestamp(one, ZoneInfo(zone)) for one in starts]
        assert " ".join(f"{wall:%H:%M}" for wall in walls) == expected, zone

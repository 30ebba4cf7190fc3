"""axe-core finds nothing in any state, light or dark; nothing is told by colour alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.acceptance.page.site import Site
from tests.npm import package

AUDIT = """() => axe.run(document, {resultTypes: ["violations"]}).then(({violations}) =>
    violations.flatMap(({id, nodes}) => nodes.map((node) => `${id}: ${node.html}`)))"""


def failing(route: Route) -> None:
    """The service fails."""
    route.fulfill(status=500, json={"error": "Failed to fetch metrics"})


def door(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/#token=swordfish")
    page.get_by_label("Token").fill("sword")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This is not a token").last).to_be_visible()


def platform(page: Page, site: Site) -> None:
    page.goto(site.link())
    expect(page.locator("[data-state=shown]")).to_be_visible()


def user(page: Page, site: Site) -> None:
    page.goto(site.link("alice"))
    expect(page.locator("[data-state=shown]")).to_have_count(3)
    page.get_by_text("The same as a table").click()
    page.get_by_role("slider").first.focus()


def no_data(page: Page, site: Site) -> None:
    page.goto(site.link("nobody"))
    expect(page.locator("[data-state=shown]")).to_have_count(3)


def stale(page: Page, site: Site) -> None:
    page.goto(site.link("bob"))
    expect(page.locator("[data-part=stale]")).to_be_visible()


def failed(page: Page, site: Site) -> None:
    page.route("**/api/metrics", failing)
    page.goto(site.link())
    expect(page.get_by_text("Failed to fetch metrics")).to_be_visible()


def outdated(page: Page, site: Site) -> None:
    platform(page, site)
    page.route("**/api/metrics", failing)
    page.get_by_role("button", name="Sign out").focus()
    page.locator("[data-section]").dispatch_event("retry", {"bubbles": True})
    expect(page.get_by_text("Shown is what it was")).to_be_visible()


def loading(page: Page, site: Site) -> None:
    page.route("**/api/metrics", lambda _: None)
    page.goto(site.link())
    expect(page.locator("[aria-busy=true]")).to_be_visible()


def refused(page: Page, site: Site) -> None:
    page.goto(site.link("alice"))
    page.goto(f"{site.address}/#/platform")
    expect(page.get_by_role("heading", name="Not yours to see")).to_be_visible()


STATES = (door, platform, user, no_data, stale, failed, outdated, loading, refused)


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(page: Page, site: Site, state: Callable[[Page, Site], None]) -> None:
    # What pulses has another contrast at each moment.
    page.emulate_media(reduced_motion="reduce")
    page.add_init_script(path=package("axe-core") / "axe.min.js")
    state(page, site)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(AUDIT) == [], scheme


def test_the_theme_is_the_systems_or_the_one_chosen(page: Page, site: Site) -> None:
    def is_dark() -> bool:
        color: str = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        return sum(map(int, color[4:-1].split(","))) < 300

    page.emulate_media(color_scheme="dark")
    page.goto(site.address)
    assert is_dark()
    button = page.get_by_role("button", name="Theme")
    button.click()
    expect(button).to_have_text("Theme: light")
    assert not is_dark()
    page.emulate_media(color_scheme="light")
    button.click()
    assert is_dark()
    page.reload()
    assert is_dark()
    button.click()
    expect(button).to_have_text("Theme: auto")
    assert not is_dark()


def test_the_skip_link_leads_past_the_bar_and_leaves_the_address(page: Page, site: Site) -> None:
    page.goto(site.link())
    expect(page.get_by_role("heading", name="Platform")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the figures")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    assert page.url == f"{site.address}/#/platform"

"""The page in each state that it can be in, with usual values and with the largest."""

from collections.abc import Callable
from typing import Any, Final

from playwright.sync_api import Page, Route, expect

from tests.acceptance.page.site import Site

# A JavaScript number has no larger whole one; an id is no longer.
LARGEST: Final = 2**53 - 1
LONGEST_ID: Final = "W" * 128
LONGEST_REASON: Final = "W" * 1_000
MONEY: Final = "CHF\N{NO-BREAK SPACE}-92,233,720,368,547,758.08"
CHANGE: Final = "+9007199254740991.0%"


def enlarged(value: Any) -> Any:
    """A response with the largest number or the longest text in each place."""
    if isinstance(value, dict):
        return {name: enlarged(one) for name, one in value.items()}
    if isinstance(value, list):
        return [enlarged(one) for one in value]
    if isinstance(value, str):
        return CHANGE if "%" in value else MONEY if value[:1] in "$\N{EURO SIGN}" else value
    return value if isinstance(value, bool) else LARGEST


def enlarge(page: Page) -> None:
    """The service answers with the largest values."""
    page.route("**/api/**", lambda route: route.fulfill(json=enlarged(route.fetch().json())))


def failing(route: Route) -> None:
    """The service fails."""
    route.fulfill(status=500, json={"error": "Failed to fetch metrics"})


def door(page: Page, site: Site) -> None:
    page.goto(site.address)
    page.get_by_label("Token").fill("sword")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This is not a token").last).to_be_visible()


def lengthened(value: Any, name: str = "") -> Any:
    """A response in which ids and reasons are as long as they may be."""
    if isinstance(value, dict):
        return {key: lengthened(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [lengthened(one) for one in value]
    longest = {"agentId": LONGEST_ID, "deploymentId": LONGEST_ID, "reason": LONGEST_REASON}
    return longest.get(name, value)


def lengthen(page: Page) -> None:
    """The service answers with the longest texts."""
    page.route("**/api/**", lambda route: route.fulfill(json=lengthened(route.fetch().json())))


def platform(page: Page, site: Site) -> None:
    site.sign_in(page)
    expect(page.locator("[data-state=shown]")).to_have_count(5)


def agents(page: Page, site: Site) -> None:
    site.sign_in(page, view="#/platform?list=agents&range=7d&tz=Asia/Kathmandu")
    expect(page.locator("[data-state=shown]")).to_have_count(5)


def agent(page: Page, site: Site) -> None:
    site.sign_in(page, view="#/users/u/agents/s3")
    expect(page.locator("[data-state=shown]")).to_have_count(3)
    page.get_by_role("radio", name="Custom").check()


def no_events(page: Page, site: Site) -> None:
    site.sign_in(page, "alice", view="#/users/alice?search=nobody&from=2000-01-01T00:00:00Z")
    expect(page.get_by_text("No agents whose id begins with")).to_be_visible()


def user(page: Page, site: Site) -> None:
    site.sign_in(page, "alice")
    expect(page.locator("[data-state=shown]")).to_have_count(5)
    page.get_by_text("The same as a table").click()
    page.get_by_role("slider").first.focus()


def no_data(page: Page, site: Site) -> None:
    site.sign_in(page, "nobody")
    expect(page.locator("[data-state=shown]")).to_have_count(5)


def stale(page: Page, site: Site) -> None:
    site.sign_in(page, "bob")
    expect(page.locator("[data-part=stale]")).to_be_visible()


def failed(page: Page, site: Site) -> None:
    page.route("**/api/metrics", failing)
    site.sign_in(page)
    expect(page.get_by_text("Failed to fetch metrics")).to_be_visible()


def outdated(page: Page, site: Site) -> None:
    platform(page, site)
    page.route("**/api/metrics", failing)
    page.get_by_role("button", name="Sign out").focus()
    page.locator("[data-section]").first.dispatch_event("retry", {"bubbles": True})
    expect(page.get_by_text("Showing data from")).to_be_visible()


def loading(page: Page, site: Site) -> None:
    page.route("**/api/metrics", lambda _: None)
    site.sign_in(page)
    expect(page.locator("[data-section=platform][aria-busy=true]")).to_be_visible()


def refused(page: Page, site: Site) -> None:
    site.sign_in(page, "alice")
    page.goto(f"{site.address}/#/platform")
    expect(page.get_by_role("heading", name="Access denied")).to_be_visible()


def huge_platform(page: Page, site: Site) -> None:
    enlarge(page)
    platform(page, site)


def huge_user(page: Page, site: Site) -> None:
    enlarge(page)
    user(page, site)


def long_agents(page: Page, site: Site) -> None:
    lengthen(page)
    agents(page, site)


def long_agent(page: Page, site: Site) -> None:
    lengthen(page)
    agent(page, site)


def huge_agents(page: Page, site: Site) -> None:
    enlarge(page)
    agents(page, site)


def long_name(page: Page, site: Site) -> None:
    site.sign_in(page, LONGEST_ID)
    expect(page.locator("[data-state=shown]")).to_have_count(5)


def long_refusal(page: Page, site: Site) -> None:
    page.route("**/api/metrics", lambda route: route.fulfill(status=500, json={"error": "W" * 200}))
    site.sign_in(page)
    expect(page.get_by_text("WWWW")).to_be_visible()


def document(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/docs")
    expect(page.get_by_role("heading", name="GET /api/metrics", exact=True)).to_be_visible()


def signed_out(page: Page, site: Site) -> None:
    page.goto(site.address)
    expect(page.get_by_label("Token")).to_be_focused()


STATES: Final[tuple[Callable[[Page, Site], None], ...]] = (
    *(signed_out, door, platform, user, no_data, stale, failed, outdated, loading, refused),
    *(agents, agent, no_events, huge_agents, long_agents, long_agent),
    *(huge_platform, huge_user, long_name, long_refusal, document),
)

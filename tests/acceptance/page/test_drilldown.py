"""The questions of an incident, each by two clicks at most from the platform's view."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.acceptance.page.site import HERE, MANY, REASON, Site, tuesday
from tests.acceptance.page.views import rows, shown


@pytest.fixture
def zone() -> str:
    """The operator's time zone."""
    return HERE.key


@pytest.fixture
def platform(page: Page, site: Site) -> Page:
    """The platform's view."""
    site.sign_in(page)
    shown(page)
    return page


def attention(page: Page, agent: str) -> Locator:
    """The row of an agent that needs attention."""
    table = page.get_by_role("table", name="Failed and silent agents")
    return table.get_by_role("row").filter(
        has=page.get_by_role("rowheader", name=agent, exact=True)
    )


def test_which_agents_failed(platform: Page) -> None:
    table = platform.get_by_role("table", name="Failed and silent agents")
    names = table.get_by_role("rowheader")
    # Failed first, the newest change first; then the inactive ones.
    expect(names).to_have_text(["s3", "c-07", "s2", "b"])
    platform.locator("[data-figure='agents.failed']").click()
    expect(platform.get_by_role("heading", name="Users and agents")).to_be_focused()
    expect(rows(platform, "Agents of all users").get_by_role("rowheader")).to_have_text(
        ["s3", "c-07"]
    )


def test_since_when_and_why_and_whose(platform: Page) -> None:
    row = attention(platform, "c-07")
    expect(row).to_contain_text("3 hours ago")
    expect(row).to_contain_text(REASON)
    expect(row.get_by_role("link", name="carol")).to_be_visible()
    row.get_by_role("link", name="c-07").click()
    expect(platform.get_by_role("heading", name="c-07")).to_be_focused()
    expect(platform.locator("[data-part=chip]")).to_have_text("failed")
    expect(platform.locator("[data-part=since]")).to_contain_text("3 hours ago")
    expect(platform.locator("[data-part=reason]")).to_have_text(REASON)
    expect(rows(platform, "What happened")).to_contain_text([f"failed{REASON}"])
    expect(platform.locator("[data-part=owner]")).to_have_text("carol")


def test_which_user_has_the_highest_error_rate(platform: Page) -> None:
    users = platform.get_by_role("table", name="Users with the highest error rates")
    expect(users.get_by_role("rowheader").first).to_have_text("carol")
    expect(users.get_by_role("row").nth(1)).to_contain_text("60%")
    users.get_by_role("link", name="carol").click()
    expect(platform.get_by_role("heading", name="carol")).to_be_focused()
    # Failed first.
    expect(rows(platform, "Agents of carol").first).to_contain_text("c-07")


def test_which_agent_has_the_highest_cpu(platform: Page) -> None:
    platform.get_by_role("link", name="Agents", exact=True).click()
    platform.get_by_role("button", name="CPU").click()
    first = rows(platform, "Agents of all users").first
    expect(first.get_by_role("rowheader")).to_have_text(f"c-{MANY - 1}")
    expect(first).to_contain_text(f"{60 + MANY - 1}%")


def test_what_happened_on_tuesday(platform: Page) -> None:
    began = tuesday(datetime.now(UTC))
    platform.get_by_label("Custom", exact=True).check()
    platform.get_by_label("Time zone").select_option(HERE.key)
    platform.get_by_label("From").fill(f"{began:%Y-%m-%dT14:00}")
    platform.get_by_label("To", exact=True).fill(f"{began:%Y-%m-%dT16:00}")
    platform.get_by_role("button", name="Show").click()
    happened = rows(platform, "What happened")
    expect(happened).to_have_count(4)
    for row, (time, what) in zip(
        happened.all(),
        [
            ("15:04", "is running"),
            ("14:12", f"failed{'c-03'}"),
            ("14:10", "deployment d-9 failed"),
            ("14:05", "deployment d-9 pending"),
        ],
        strict=True,
    ):
        expect(row).to_contain_text(f", {time}")
        expect(row).to_contain_text(what)
    # The same on the charts, in the zone that was chosen.
    marks = platform.get_by_role("list", name="What happened, on CPU").get_by_role("link")
    expect(marks.first).to_have_attribute(
        "aria-label", "3 events: 1 failed, 1 deployment failed, 1 deployment pending"
    )
    expect(marks.last).to_have_accessible_name(
        f"Tue, {began:%b %-d}, 15:04: c-03 of carol, is running"
    )
    assert f"from={began.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" in platform.url
    assert f"to={(began + timedelta(hours=2)).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" in platform.url

"""Spans and time zones: by the picker, by dragging, by keys; all of it in the address."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.page.site import HERE, Site, tuesday
from tests.acceptance.page.views import rows, shown

HOURS = 24


@pytest.fixture
def alice(page: Page, site: Site) -> Page:
    """Alice's view."""
    site.sign_in(page, "alice")
    shown(page)
    return page


def asked(page: Page) -> dict[str, str]:
    """The parameters of the address."""
    found = parse_qs(page.url.partition("?")[2])
    return {name: values[0] for name, values in found.items()}


def hours_ago(many: int) -> str:
    """The start of the hour that was so many before this one, as addresses have it."""
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return f"{start - timedelta(hours=many):%Y-%m-%dT%H:%M:%SZ}"


def drag(page: Page, chart: int, first: float, last: float) -> None:
    """Drags over a chart, from one hour of the 24 to another."""
    area = page.locator(".u-over").nth(chart)
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * first / HOURS, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * last / HOURS, middle, steps=5)
    expect(page.locator(".selected:visible")).to_have_count(6)


@pytest.mark.parametrize(("first", "last"), [(20.5, 22.5), (22.5, 20.5)])
def test_dragging_selects_a_span_for_all(alice: Page, first: float, last: float) -> None:
    drag(alice, 3, first, last)
    with alice.expect_response(lambda answer: "/historical?from=" in answer.url) as got:
        alice.mouse.up()
    shown(alice)
    assert asked(alice) == {"range": "24h", "from": hours_ago(3), "to": hours_ago(0)}
    assert got.value.json()["step"] == "5m"
    expect(alice.locator(".selected:visible")).to_have_count(0)
    expect(alice.get_by_role("slider").first).to_have_attribute("aria-valuemax", "35")
    alice.get_by_role("button", name="Back to 24 hours").click()
    expect(alice.get_by_role("radio", name="24 hours")).to_be_checked()
    assert asked(alice) == {"range": "24h"}


def test_escape_ends_a_drag_and_a_click_is_none(alice: Page) -> None:
    drag(alice, 0, 20.5, 22.5)
    alice.keyboard.press("Escape")
    alice.mouse.up()
    alice.locator(".u-over").first.click()
    assert asked(alice) == {"range": "24h"}


class Finger:
    """A finger on a screen: touches by Chromium's own protocol, as a screen sends them."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})

    def touch(self, x: float, y: float) -> None:
        self._send("touchStart", x, y)

    def move(self, x: float, y: float) -> None:
        self._send("touchMove", x, y)

    def lift(self) -> None:
        self._session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def _send(self, kind: str, x: float, y: float) -> None:
        points = [{"x": x, "y": y}]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def place(page: Page, hour: float) -> tuple[float, float]:
    """A point in the first chart, at an hour of the 24."""
    area = page.locator(".u-over").first
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    return box["x"] + box["width"] * hour / HOURS, box["y"] + box["height"] / 2


def test_a_finger_selects_after_holding(alice: Page) -> None:
    finger = Finger(alice)
    finger.touch(*place(alice, 20.5))
    expect(alice.locator(".selected:visible")).to_have_count(6)
    before = alice.evaluate("scrollY")
    x, y = place(alice, 22.5)
    finger.move(x, y - 60)
    expect(alice.get_by_role("status")).to_contain_text("Selected: ")
    finger.lift()
    expect(alice.get_by_role("button", name="Back to 24 hours")).to_be_visible()
    assert asked(alice) == {"range": "24h", "from": hours_ago(3), "to": hours_ago(0)}
    assert alice.evaluate("scrollY") == before


def test_a_finger_that_does_not_hold_selects_nothing(alice: Page) -> None:
    finger = Finger(alice)
    here, there = place(alice, 20.5), place(alice, 22.5)
    # Its clock stands still, so that no hold is over before the finger moves.
    alice.clock.install()
    finger.touch(*here)
    finger.move(*there)
    finger.lift()
    alice.clock.run_for(1_000)
    expect(alice.locator("[data-part=when]")).not_to_contain_text("Average")
    # A finger that holds and is lifted where it was.
    finger.touch(*here)
    alice.clock.run_for(1_000)
    expect(alice.locator(".selected:visible")).to_have_count(6)
    finger.lift()
    expect(alice.locator(".selected:visible")).to_have_count(0)
    assert asked(alice) == {"range": "24h"}


def test_keys_select_too(alice: Page) -> None:
    alice.get_by_role("slider", name="CPU, percent").focus()
    alice.keyboard.press("ArrowLeft")
    alice.keyboard.press("Shift+ArrowLeft")
    expect(alice.get_by_role("status")).to_contain_text("Selected: ")
    alice.keyboard.press("Escape")
    expect(alice.locator(".selected:visible")).to_have_count(0)
    alice.keyboard.press("Shift+ArrowRight")
    alice.keyboard.press("Enter")
    expect(alice.get_by_role("button", name="Back to 24 hours")).to_be_visible()
    assert asked(alice) == {"range": "24h", "from": hours_ago(2), "to": hours_ago(0)}


def test_a_custom_span_and_a_zone(alice: Page) -> None:
    alice.get_by_label("Time zone").select_option("UTC")
    alice.get_by_label("Custom", exact=True).check()
    # It begins as what is shown.
    expect(alice.get_by_label("From")).to_have_value(hours_ago(HOURS - 1)[:16])
    alice.get_by_label("From").fill("2026-03-10T14:00")
    alice.get_by_label("To", exact=True).fill("2026-03-10T13:00")
    alice.get_by_role("button", name="Show").click()
    assert asked(alice) == {"range": "24h"}
    alice.get_by_label("To", exact=True).fill("2026-03-10T16:00")
    alice.get_by_role("button", name="Show").click()
    expect(alice.get_by_role("button", name="Back to 24 hours")).to_be_visible()
    found = asked(alice)
    assert (found["from"], found["to"]) == ("2026-03-10T14:00:00Z", "2026-03-10T16:00:00Z")


@pytest.mark.parametrize("chosen", ["Europe/Berlin", "Asia/Kathmandu"])
def test_times_follow_the_zone(page: Page, site: Site, chosen: str) -> None:
    site.sign_in(page, view=f"#/users/carol/agents/c-07?range=7d&tz={chosen}")
    shown(page)
    expect(page.get_by_label("Time zone")).to_have_value(chosen)
    expect(page.get_by_text(f"each point is 6 hours, {chosen}")).to_be_visible()
    page.locator("[data-section=historical] details").evaluate("(one) => { one.open = true; }")
    times = page.locator("[data-section=historical] tbody th").all_text_contents()
    # Steps of 6 hours begin at the zone's midnight.
    assert len(times) == 28
    assert {re.findall(r"(\d\d:\d\d)\N{EN DASH}", time)[0] for time in times} == {
        *("00:00", "06:00", "12:00", "18:00")
    }
    failed = rows(page, "What happened").first.locator("time")
    at = datetime.fromisoformat(failed.get_attribute("datetime") or "").astimezone(ZoneInfo(chosen))
    expect(failed).to_have_text(f"{at:%a, %b %-d, %H:%M}")


def test_a_colleague_sees_the_same(page: Page, browser: Browser, site: Site) -> None:
    began = tuesday(datetime.now(UTC)).astimezone(UTC)
    span = f"from={began:%Y-%m-%dT%H:%M:%SZ}&to={began + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"
    view = f"#/users/carol?range=7d&{span}&tz={HERE.key}&sort=cpu&search=c-0&kind=deployment"
    site.sign_in(page, view=view)
    shown(page)
    assert page.url == f"{site.address}/{view}"
    text = page.locator("main").inner_text()
    page.reload()
    shown(page)
    context = browser.new_context(viewport={"width": 1280, "height": 800}, timezone_id="Asia/Tokyo")
    colleague = context.new_page()
    site.sign_in(colleague, view=view)
    shown(colleague)
    for other in (page, colleague):
        assert steady(other.locator("main").inner_text()) == steady(text)
    context.close()


def steady(text: str) -> str:
    """Without how long ago something was, and without what the browser adds."""
    return " ".join(re.sub(r"\d+ \w+ ago|Asia/Tokyo \(here\)|Europe/Berlin", "", text).split())


def test_a_span_that_is_not_held_says_what_is(page: Page, site: Site) -> None:
    site.sign_in(page, "alice", view="#/users/alice?range=7d&from=2001-01-01T00:00:00Z&step=5m")
    notice = page.locator("[data-section=historical] .notice")
    expect(notice).to_contain_text("step")
    page.get_by_role("button", name="Back to 7 days").click()
    expect(notice).to_be_hidden()
    assert asked(page) == {"range": "7d"}


def test_a_link_keeps_the_span(page: Page, site: Site) -> None:
    site.sign_in(page, view="#/platform?range=7d&tz=Asia/Kathmandu")
    shown(page)
    rows(page, "Users,").get_by_role("link", name="carol").click()
    expect(page.get_by_role("heading", name="carol")).to_be_focused()
    assert page.url.endswith("#/users/carol?range=7d&tz=Asia/Kathmandu")
    page.get_by_role("link", name="Platform").click()
    assert page.url.endswith("#/platform?range=7d&tz=Asia/Kathmandu")

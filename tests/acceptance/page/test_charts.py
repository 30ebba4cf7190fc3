"""What the charts draw and where their cursor is, by histories that are made up."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

import pytest
from playwright.sync_api import Page, Route, expect

from tests.acceptance.page.layout import await_layout
from tests.acceptance.page.site import Site

# Each canvas knows the level texts that stand on it: where they begin and end, in its pixels.
RECORD: Final = """
    const {fillText, clearRect} = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.clearRect = function (...box) {
        this.canvas.texts = [];
        return clearRect.apply(this, box);
    };
    CanvasRenderingContext2D.prototype.fillText = function (text, x, ...rest) {
        const {a, b, e} = this.getTransform();
        const width = this.measureText(text).width;
        const left = a * x + e - {left: 0, center: 0.5, right: 1}[this.textAlign] * width;
        if (b === 0) this.canvas.texts.push([text, left, left + width]);
        return fillText.call(this, text, x, ...rest);
    };
"""
RANGES: Final = {"24h": timedelta(hours=1), "7d": timedelta(hours=6), "30d": timedelta(days=1)}
MORNING: Final = datetime(2026, 3, 10, 11, 59, 50, tzinfo=UTC)


@dataclass
class History:
    """What the service answers for `historical`: the same count in the newest three buckets."""

    now: datetime = MORNING
    count: int = 1_000
    asked: list[str] = field(default_factory=list)

    def answer(self, route: Route) -> None:
        time_range = route.request.url.rpartition("=")[2]
        width = RANGES[time_range]
        newest = self.now - (self.now - datetime(1970, 1, 1, tzinfo=UTC)) % width
        figures: dict[str, Any] = {"cpu": 1, "memory": 1, "messages": self.count, "errors": 1}
        others = ("cpuMax", "memoryMax", "errorRate", "responseTime", "agents")
        figures |= dict.fromkeys(others, 1)
        points = [
            {"timestamp": (newest - n * width).isoformat(), **figures} for n in reversed(range(3))
        ]
        body = {"userId": "alice", "timeRange": time_range, "metrics": points, "averages": figures}
        headers = {"date": format_datetime(self.now, usegmt=True)}
        route.fulfill(json=body, headers=headers)


@pytest.fixture
def history(page: Page) -> History:
    """Decides the answers of `historical`, and has canvases record their texts."""
    made = History()
    page.add_init_script(RECORD)
    page.route("**/historical?**", made.answer)
    return made


def texts(page: Page, chart: str) -> list[tuple[str, float, float]]:
    """What stands on a chart: text, left, right."""
    found: list[tuple[str, float, float]] = page.locator(f".plot.{chart} canvas").evaluate(
        "(canvas) => canvas.texts"
    )
    return found


def await_history(page: Page) -> None:
    """Returns once the history is shown."""
    section = page.locator("[data-section=historical]")
    expect(section).to_have_attribute("data-state", "shown")
    section.locator("details").evaluate("(one) => { one.open = true; }")


# messages of a bucket, and labels that have to be on its axis; the letters are CLDR's
COUNTS = [
    (0, {"0", "2", "4"}),
    (3, {"0", "2", "4"}),
    (41_000, {"0", "20K", "40K"}),
    (3 * 10**12, {"0", "1T", "2T", "3T"}),
    (8 * 10**14, {"0", "400T", "800T"}),
    (9 * 10**15, {"0", "5E15"}),
    (2**63 - 1, {"0", "5E18"}),
]


@pytest.mark.parametrize(("count", "labels"), COUNTS)
def test_every_count_has_an_axis(
    page: Page, site: Site, history: History, count: int, labels: set[str]
) -> None:
    history.count = count
    site.sign_in(page, "alice")
    await_history(page)
    assert labels <= {text for text, _, _ in texts(page, "messages")}


def test_no_label_is_cut(page: Page, site: Site, history: History) -> None:
    # The last mark is at the right edge: noon, midnight.
    history.now = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
    history.count = 888_000_000_000_000
    for name in RANGES:
        site.sign_in(page, "alice", view=f"#/users/alice?range={name}")
        for width in (320, 768, 1400):
            page.set_viewport_size({"width": width, "height": 800})
            await_history(page)
            expect(page.locator(".plot.messages canvas")).to_be_visible()
            await_layout(page)
            for chart in ("cpu", "messages"):
                shown = texts(page, chart)
                right = page.locator(f".plot.{chart} canvas").evaluate("(canvas) => canvas.width")
                assert [one for one in shown if one[1] < 0 or one[2] > right] == []
                assert name != "24h" or "Mar 11" in {text for text, _, _ in shown}
        page.get_by_role("button", name="Sign out").click()


def test_a_new_size_has_as_many_marks_as_fit_and_the_same_cursor(
    page: Page, site: Site, history: History
) -> None:
    page.set_viewport_size({"width": 1400, "height": 800})
    site.sign_in(page, "alice")
    await_history(page)
    page.get_by_role("slider", name="CPU, percent").focus()
    await_layout(page)
    first = texts(page, "cpu")
    for width in (320, 1400):
        page.set_viewport_size({"width": width, "height": 800})
        await_layout(page)
    assert [text for text, _, _ in texts(page, "cpu")] == [text for text, _, _ in first]
    expect(page.locator("[data-part=when]")).to_contain_text(hour(11))


# keys, and the first hour of the cursor's bucket before the clock strikes and after it
KEYS = [
    (["ArrowLeft", "ArrowLeft"], 9, 9),
    (["End"], 11, 11),
    # The oldest one goes.
    (["Home"], 12, 13),
]


@pytest.mark.parametrize(("keys", "before", "after"), KEYS)
def test_the_cursor_stays_at_its_hour_when_a_new_one_begins(
    page: Page, site: Site, history: History, keys: list[str], before: int, after: int
) -> None:
    site.sign_in(page, "alice")
    await_history(page)
    slider = page.get_by_role("slider", name="CPU, percent")
    slider.focus()
    for key in keys:
        page.keyboard.press(key)
    when = page.locator("[data-part=when]")
    expect(when).to_contain_text(hour(before))
    history.now += timedelta(seconds=20)
    page.locator("[data-section=historical]").dispatch_event("retry", {"bubbles": True})
    newest = page.locator("[data-section=historical] tbody th").first
    expect(newest).to_contain_text(f"{hour(12)}, not finished yet")
    await_layout(page)
    expect(when).to_contain_text(hour(after))
    expect(slider).to_have_attribute("aria-valuetext", re.compile(hour(after)))
    page.keyboard.press("ArrowRight")
    expect(when).to_contain_text(hour(after + 1))


def hour(begins: int) -> str:
    """An hour of the day, as the page writes it."""
    return f"{begins:02}:00\N{EN DASH}{begins + 1:02}:00"

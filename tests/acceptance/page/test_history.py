"""A user's history: ranges, one cursor for all charts, gaps, and the same as a table."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.page.site import Site

NAMES = ("cpu", "memory", "messages", "errors", "errorRate", "responseTime", "agents")
# Where the table has them, beside the largest values.
COLUMNS = (1, 3, 5, 6, 7, 8, 9)


@pytest.fixture
def history(page: Page, site: Site) -> Page:
    """Alice's view, with its history shown."""
    site.sign_in(page, "alice")
    settled(page)
    return page


def settled(page: Page) -> None:
    """Returns when the history is shown."""
    section = page.locator("[data-section=historical]")
    expect(section).to_have_attribute("data-state", "shown")
    section.locator("details").evaluate("(one) => { one.open = true; }")


def readout(page: Page) -> dict[str, str]:
    """What the line above the charts says."""
    names = ("when", *NAMES)
    return {name: page.locator(f"[data-part={name}]").inner_text() for name in names}


def table(page: Page) -> list[list[str]]:
    """The cells of the table, newest first."""
    rows: list[list[str]] = page.locator("[data-section=historical] tbody tr").evaluate_all(
        "(rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent))"
    )
    return rows


def figures(row: list[str]) -> list[str]:
    """What the readout has of a row of the table."""
    return [row[column] for column in COLUMNS]


def written(point: dict[str, Any]) -> list[str]:
    """A point as people read it."""
    return [
        *(f"{point[name]:g}%" for name in ("cpu", "cpuMax", "memory", "memoryMax")),
        *(f"{point[name]:,}" for name in ("messages", "errors")),
        f"{point['errorRate']:g}%",
        f"{point['responseTime']:g} ms",
        f"{point['agents']:,}",
    ]


def test_ranges_by_click(history: Page, site: Site) -> None:
    for label, time_range, silent, buckets in (
        ("7 days", "7d", None, 28),
        ("30 days", "30d", site.days_without_data, 30),
        ("24 hours", "24h", site.hours_without_data, 24),
    ):
        with history.expect_response(lambda answer: "/historical" in answer.url) as got:
            history.get_by_role("radio", name=label).click()
        settled(history)
        assert history.url == f"{site.address}/#/users/alice?range={time_range}"
        points = got.value.json()["metrics"]
        rows = table(history)
        assert len(rows) == buckets
        with_data = [row[1:] for row in reversed(rows) if row[1] != "no data"]
        assert with_data == [written(point) for point in points]
        if silent:
            assert [n for n, row in enumerate(rows) if row[1] == "no data"] == sorted(silent())


def test_ranges_by_keys_and_by_going_back(history: Page, site: Site) -> None:
    history.get_by_role("radio", name="24 hours").focus()
    history.keyboard.press("ArrowRight")
    expect(history.get_by_role("radio", name="7 days")).to_be_checked()
    expect(history.get_by_role("radio", name="7 days")).to_be_focused()
    expect(history.get_by_text("each point is 6 hours, UTC")).to_be_visible()
    history.go_back()
    expect(history.get_by_role("radio", name="24 hours")).to_be_checked()
    history.goto(f"{site.address}/#/users/alice?range=30d")
    expect(history.get_by_role("radio", name="30 days")).to_be_checked()


def test_the_averages_are_shown_without_a_cursor(page: Page, site: Site) -> None:
    with page.expect_response(lambda answer: "/historical" in answer.url) as got:
        site.sign_in(page, "alice")
    settled(page)
    averages = got.value.json()["averages"]
    values = readout(page)
    assert values.pop("when") == "Average; counts per hour with data"
    assert values.pop("agents") == "at most 1"
    assert values.pop("responseTime") == "84.2 ms"
    points = got.value.json()["metrics"]
    rate = 100 * sum(one["errors"] for one in points) / sum(one["messages"] for one in points)
    assert values.pop("errorRate") == f"{rate:.2f}".rstrip("0").rstrip(".") + "%"
    assert values == {
        "cpu": f"{averages['cpu']:g}%",
        "memory": f"{averages['memory']:g}%",
        "messages": f"{averages['messages']:,.2f}".rstrip("0").rstrip("."),
        "errors": f"{averages['errors']:,.2f}".rstrip("0").rstrip("."),
    }


def test_the_pointer_moves_the_cursor_of_all_charts(history: Page) -> None:
    areas = history.locator(".u-over")
    expect(areas).to_have_count(6)
    for place, area in enumerate(areas.all()):
        area.scroll_into_view_if_needed()
        box = area.bounding_box()
        assert box is not None
        history.mouse.move(box["x"] + box["width"] * (23.5 - 2) / 24, box["y"] + 20)
        row = table(history)[2]
        assert list(readout(history).values()) == [f"{row[0]} UTC", *figures(row)], place
        lefts = history.locator(".u-cursor-x").evaluate_all(
            "(lines) => lines.map((line) => line.getBoundingClientRect().left"
            " - line.parentElement.getBoundingClientRect().left)"
        )
        assert max(lefts) - min(lefts) < 1
    history.mouse.move(0, 0)
    expect(history.locator("[data-part=when]")).to_have_text("Average; counts per hour with data")


def test_keys_move_the_cursor_and_the_value_is_announced(history: Page) -> None:
    cpu = history.get_by_role("slider", name="CPU, percent")
    errors = history.get_by_role("slider", name="Errors, errors per hour")
    rows = table(history)
    cpu.focus()
    for key, place in (
        ("ArrowLeft", 1),
        ("ArrowRight", 0),
        ("ArrowRight", 0),
        ("PageDown", 6),
        ("Home", 23),
        ("ArrowLeft", 23),
        ("End", 0),
    ):
        history.keyboard.press(key)
        row = rows[place]
        expect(cpu).to_have_attribute("aria-valuetext", f"{row[0]}: {row[1]}")
        expect(errors).to_have_attribute("aria-valuetext", f"{row[0]}: {row[6]}")
        expect(cpu).to_have_attribute("aria-valuenow", str(23 - place))
        assert list(readout(history).values()) == [f"{row[0]} UTC", *figures(row)]
    assert rows[6][1:] == ["no data"] * 9
    history.keyboard.press("Tab")
    expect(history.get_by_role("slider", name="Memory, percent")).to_be_focused()


def test_gaps_are_hatched_and_the_unfinished_bucket_is_not(history: Page, site: Site) -> None:
    painted = history.locator(".plot.cpu canvas").evaluate(
        """(canvas) => {
            const over = canvas.parentElement.querySelector(".u-over");
            const scaled = (length) => length * devicePixelRatio;
            const [left, width] = [over.offsetLeft, over.offsetWidth].map(scaled);
            const top = scaled(over.offsetTop + 2);
            const context = canvas.getContext("2d");
            return Array.from({length: 24}, (_, n) => {
                const x = Math.ceil(left + (n * width) / 24) + 3;
                const {data} = context.getImageData(x, top, Math.floor(width / 24) - 6, 8);
                return data.some((value, place) => place % 4 === 3 && value > 0);
            });
        }"""
    )
    assert {23 - n for n, hatched in enumerate(painted) if hatched} == site.hours_without_data()


def test_a_finger_moves_the_cursor(site: Site, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    site.sign_in(page, "alice")
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    area = page.locator(".u-over").first
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    x = box["x"] + box["width"] * 22.5 / 24
    area.dispatch_event("pointermove", {"pointerType": "touch", "clientX": x, "clientY": box["y"]})
    assert readout(page)["when"] == f"{table(page)[1][0]} UTC"

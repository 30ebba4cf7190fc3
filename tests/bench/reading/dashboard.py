"""The dashboard in Chromium: main-thread time of the first paint, and the slowest interaction."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.acceptance.page.views import shown
from tests.bench.measurement import Bench, NotHereError
from tests.bench.reading.fleet import AGENTS_A_USER, AGGREGATES, BUSINESS, filled_database
from tests.bench.reading.requests import serving
from tests.bench.result import Reached, Result, Series, Values
from tests.support.browser.chromium import chromium, executable
from tests.support.service import token

NAME: Final = "dashboard"
TITLE: Final = "The dashboard, 10,000 agents of 200 users"
AGENTS: Final = 10_000
RUNS: Final = 5
CACHE_MS: Final = 1_000
# From the input to the next paint, in the browser's own measurement, rounded to 8 ms.
WATCH: Final = """window.interactions = [];
    new PerformanceObserver((list) => {
        for (const {interactionId, duration} of list.getEntries()) {
            if (interactionId) window.interactions.push(duration);
        }
    }).observe({type: "event", durationThreshold: 16, buffered: true});"""
# The browser reports an interaction shortly after its paint.
PAINTED: Final = """new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))"""


def measure(bench: Bench) -> Result:
    """Measure the platform's view, and what a reader does in it."""
    path = executable()
    if path is None:
        raise NotHereError("no Chromium here: install the package chromium")
    with (
        filled_database(bench.stack, AGENTS, (AGGREGATES, BUSINESS)) as url,
        serving(bench.stack, url, CACHE_MS) as service,
        chromium(path) as browser,
    ):
        visits = [_visit(browser, service.url) for _ in range(RUNS)]
    paints = tuple(paint for paint, _ in visits)
    slowest = {name: tuple(visit[name] for _, visit in visits) for name in INTERACTIONS}
    setup = (
        f"{bench.edition} edition, {AGENTS_A_USER} agents per user, Chromium without a GPU on the "
        "cores of service and database, 1280 by 800 pixels; each visit has a new profile; an "
        "interaction of less than 16 ms counts as 0"
    )
    series = (
        Series("signing in until all sections are painted, main-thread time", {"ms": paints}),
        *(Series(name, {"ms": values}) for name, values in slowest.items()),
    )
    reached = (
        Reached("dashboard_paint", paints),
        Reached("dashboard_interaction", _slowest(list(slowest.values()))),
    )
    return Result(NAME, TITLE, setup, series, reached)


def _slowest(interactions: list[Values]) -> Values:
    return tuple(max(visit) for visit in zip(*interactions, strict=True))


def _visit(browser: Browser, address: str) -> tuple[float, dict[str, float]]:
    """The milliseconds of main-thread time until the first paint, and of each interaction."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(WATCH)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable")
    before = _main_thread_ms(session)
    page.goto(f"{address}/#/platform")
    page.get_by_label("Token").fill(token("platform", "platform", datetime.now(UTC)))
    page.keyboard.press("Enter")
    _await_paint(page)
    paint = _main_thread_ms(session) - before
    interactions = {name: _timed(page, act) for name, act in INTERACTIONS.items()}
    context.close()
    return paint, interactions


def _main_thread_ms(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    (seconds,) = (one["value"] for one in metrics if one["name"] == "TaskDuration")
    return 1_000 * float(seconds)


def _await_paint(page: Page) -> None:
    shown(page)
    page.evaluate(PAINTED)


def _timed(page: Page, act: Callable[[Page], None]) -> float:
    """The longest interaction of an act; 0 if each took less than 16 ms."""
    page.evaluate("window.interactions.length = 0")
    act(page)
    _await_paint(page)
    longest: float = page.evaluate("Math.max(0, ...window.interactions)")
    return longest


def _choose_range(page: Page) -> None:
    page.get_by_label("7 days").check()


def _sort(page: Page) -> None:
    page.get_by_role("columnheader", name="CPU").get_by_role("button").click()


def _search(page: Page) -> None:
    page.get_by_role("searchbox").press_sequentially("user-19", delay=40)
    expect(page.get_by_role("link", name="user-190", exact=True)).to_be_visible()


def _move_cursor(page: Page) -> None:
    page.get_by_role("slider").first.focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft", delay=20)


def _change_theme(page: Page) -> None:
    page.get_by_role("button", name="Theme").click()


def _open_user(page: Page) -> None:
    page.get_by_role("link", name="user-190", exact=True).click()
    expect(page.get_by_role("heading", name="user-190")).to_be_visible()


INTERACTIONS: Final = {
    "choosing 7 days": _choose_range,
    "sorting the users by CPU": _sort,
    "searching the users, each letter": _search,
    "moving the cursor of all charts by key": _move_cursor,
    "changing the theme": _change_theme,
    "opening a user": _open_user,
}

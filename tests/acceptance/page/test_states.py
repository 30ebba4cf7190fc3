"""What the page shows where there is nothing, nothing new, or no answer; and when it asks again."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Thread

from playwright.sync_api import Page, Route, expect

from tests.acceptance.page.site import Site

PERIOD_S = 10
NO_VALUE = "\N{EN DASH}"
HIDE = """(hidden) => {
    Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_user_without_data_is_shown_how_to_send(page: Page, site: Site) -> None:
    site.sign_in(page, "nobody")
    expect(page.get_by_role("heading", name="No samples yet")).to_be_visible()
    expect(page.get_by_text("No agent of nobody has sent a sample.")).to_be_visible()
    expect(page.get_by_text("fleetgauge emit host --user nobody --agent")).to_be_visible()
    expect(page.locator("[data-part=chip]")).to_have_text("No data")
    expect(page.locator("[data-section=historical]")).to_be_hidden()
    expect(page.get_by_role("heading", name="Revenue")).to_be_visible()


def test_a_platform_without_agents(page: Page, site: Site) -> None:
    def emptied(route: Route) -> None:
        answer = route.fetch().json()
        answer["metrics"]["agents"]["total"] = answer["metrics"]["messages"]["thisMonth"] = 0
        route.fulfill(json=answer)

    page.route("**/api/metrics", emptied)
    site.sign_in(page)
    expect(page.get_by_role("heading", name="No samples yet")).to_be_visible()
    expect(page.get_by_text("No agent has sent a sample.")).to_be_visible()
    expect(page.get_by_role("heading", name="Agents", exact=True)).to_be_hidden()


def test_stale_is_shown_in_words_and_no_zero(page: Page, site: Site) -> None:
    site.sign_in(page, "bob")
    expect(page.locator("[data-part=chip]")).to_have_text("Stale")
    expect(page.locator("[data-part=stale]")).to_contain_text("No sample for 3 hours: ")
    figures = page.locator("[data-section=performance] [data-figure]")
    expect(figures).to_have_text([NO_VALUE] * 4)
    expect(page.locator("[data-section=historical]")).to_have_attribute("data-state", "shown")


def test_loading(page: Page, site: Site) -> None:
    held: list[Route] = []
    page.route("**/api/metrics", lambda route: held.append(route))
    site.sign_in(page)
    section = page.locator("[data-section=platform]")
    expect(section).to_have_attribute("aria-busy", "true")
    expect(section.locator("[data-figure]").first).to_have_text(NO_VALUE)
    held[0].continue_()
    expect(section).to_have_attribute("aria-busy", "false")


def test_an_error_has_the_services_sentence_and_a_way_on(page: Page, site: Site) -> None:
    with site.without_database():
        site.sign_in(page, "alice")
        nouns = (
            "performance data",
            "historical metrics",
            "agents",
            "the timeline",
            "metrics summary",
        )
        for sentence in nouns:
            expect(page.get_by_text(f"Failed to fetch {sentence}.")).to_be_visible()
        expect(page.get_by_role("status")).to_have_text("Some figures could not be read.")
        expect(page.get_by_text("Not up to date")).to_be_visible()
    page.get_by_role("button", name="Try again").first.click()
    expect(page.locator("[data-section=performance] [data-figure=cpu]")).to_have_text("20%")
    expect(page.get_by_role("button", name="Try again").first).to_be_hidden()
    expect(page.get_by_role("status")).to_have_text("The figures are up to date again.")


def test_what_was_shown_stays_with_its_time(page: Page, site: Site) -> None:
    page.clock.install()
    site.sign_in(page)
    expect(page.get_by_text("Updated ")).to_be_visible()
    with site.without_database():
        page.clock.run_for(PERIOD_S * 1_000)
        expect(page.get_by_text("Failed to fetch metrics. Showing data from")).to_be_visible()
        expect(page.locator("[data-figure='agents.total']")).to_have_text("35")
    page.clock.run_for(PERIOD_S * 1_000)
    expect(page.get_by_text("Failed to fetch metrics")).to_be_hidden()


def test_no_answer_at_all(page: Page, site: Site) -> None:
    page.route("**/api/metrics", lambda route: route.abort())
    site.sign_in(page)
    expect(page.get_by_text("The service does not answer.")).to_be_visible()


def test_an_answer_that_ends_in_the_middle(page: Page, site: Site) -> None:
    # The page waits 15 s; a busy browser needs some time for the request itself.
    page.add_init_script(
        "AbortSignal.timeout = ((least) => () => least(3_000))"
        "(AbortSignal.timeout.bind(AbortSignal));"
    )
    with socket.create_server(("127.0.0.1", 0)) as half:
        address = f"http://127.0.0.1:{half.getsockname()[1]}/"
        page.route("**/api/metrics", lambda route: route.continue_(url=address))
        with answered(half, b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{") as connections:
            site.sign_in(page)
            section = page.locator("[data-section=platform]")
            expect(section.get_by_text("The service does not answer.")).to_be_visible()
            assert connections


def test_an_answer_of_another_program(page: Page, site: Site) -> None:
    page.route("**/api/metrics", lambda route: route.fulfill(body="<title>Log in</title>"))
    site.sign_in(page)
    expect(page.get_by_text("The answer is not JSON")).to_be_visible()


@contextmanager
def answered(server: socket.socket, text: bytes) -> Iterator[list[socket.socket]]:
    """Answers each connection with the text, and keeps it open; yields those accepted so far."""
    connections: list[socket.socket] = []

    def answer() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                connections.append(connection)
                connection.sendall(text)

    thread = Thread(target=answer)
    thread.start()
    try:
        yield connections
    finally:
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in connections:
            connection.close()


def asked(page: Page) -> Callable[[], int]:
    """Counts how often the page asks for the platform's figures from now on."""
    counted: list[str] = []
    page.on("request", lambda request: counted.append(request.url))
    return lambda: len([url for url in counted if url.endswith("/api/metrics")])


def test_it_asks_again_but_not_while_hidden_or_paused(page: Page, site: Site) -> None:
    questions = asked(page)
    page.clock.install()
    site.sign_in(page)
    expect(page.get_by_text("Updated ")).to_be_visible()
    page.clock.run_for((PERIOD_S - 1) * 1_000)
    assert questions() == 1
    with page.expect_response("**/api/metrics"):
        page.clock.run_for(2_000)
    page.evaluate(HIDE, True)
    page.clock.run_for(60 * PERIOD_S * 1_000)
    assert questions() == 2
    # Shown again, it is overdue.
    with page.expect_response("**/api/metrics"):
        page.evaluate(HIDE, False)
        page.clock.run_for(1)
    pause = page.get_by_role("button", name="Pause")
    pause.click()
    expect(pause).to_have_attribute("aria-pressed", "true")
    page.clock.run_for(60 * PERIOD_S * 1_000)
    assert questions() == 3
    with page.expect_response("**/api/metrics"):
        pause.click()
        page.clock.run_for(1)


def test_it_waits_as_long_as_retry_after_says(page: Page, site: Site) -> None:
    questions = asked(page)
    page.clock.install()
    page.route(
        "**/api/metrics",
        lambda route: route.fulfill(
            status=429, headers={"retry-after": "60"}, json={"error": "Too often."}
        ),
    )
    site.sign_in(page)
    expect(page.get_by_text("Too often.")).to_be_visible()
    page.clock.run_for(59_000)
    assert questions() == 1
    with page.expect_response("**/api/metrics"):
        page.clock.run_for(14_000)


def test_the_session_ends_in_the_middle(page: Page, site: Site) -> None:
    site.sign_in(page)
    expect(page.get_by_text("Updated ")).to_be_visible()
    page.route("**/api/metrics", lambda route: route.fulfill(status=401, json={"error": "No."}))
    page.evaluate(
        "document.querySelector('[data-section]').dispatchEvent("
        "new Event('retry', {bubbles: true}))"
    )
    expect(page.get_by_label("Token")).to_be_focused()
    expect(page.get_by_text("rejects this token")).to_be_visible()
    page.unroute("**/api/metrics")
    page.get_by_label("Token").fill(site.token())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Platform")).to_be_visible()


def test_a_clock_set_back_does_not_stop_it(page: Page, site: Site) -> None:
    questions = asked(page)
    page.clock.install()
    site.sign_in(page)
    expect(page.get_by_text("Updated ")).to_be_visible()
    page.clock.set_system_time(datetime.now(UTC) - timedelta(days=1))
    pause = page.get_by_role("button", name="Pause")
    pause.click()
    pause.click()
    assert questions() == 1
    with page.expect_response("**/api/metrics"):
        page.clock.run_for(PERIOD_S * 1_000)


def test_it_waits_an_hour_at_the_most(page: Page, site: Site) -> None:
    questions = asked(page)
    page.clock.install()
    headers = {"retry-after": "99999999"}
    page.route("**/api/metrics", lambda route: route.fulfill(status=503, headers=headers, json={}))
    site.sign_in(page)
    expect(page.get_by_text("The service answers with status 503.")).to_be_visible()
    page.clock.run_for(60_000)
    assert questions() == 1
    with page.expect_response("**/api/metrics"):
        page.clock.fast_forward("01:15:00")

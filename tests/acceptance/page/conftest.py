"""One browser and one service for all tests of the page; a separate tab for each."""

from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from tests.acceptance.page.site import Site, fill, served
from tests.support.browser.chromium import chromium, executable
from tests.support.stack import Stack, Topics, created_database, migrate

WATCH_POLICY = """document.addEventListener("securitypolicyviolation",
    (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))"""


@pytest.fixture(scope="package")
def site(stack: Stack) -> Iterator[Site]:
    """The service over known rows."""
    if executable() is None:
        pytest.skip("no Chromium here: install the package chromium")
    mark = uuid4().hex[:12]
    topics = Topics(f"test-{mark}.samples", f"test-{mark}.events", f"test-{mark}.deadletter")
    with created_database(stack.database_url, f"test_{mark}") as database:
        migrate(database)
        fill(database)
        with served(database, stack, topics) as found:
            yield found


# After the site, whose rows are written in an event loop.
@pytest.fixture(scope="package")
def browser(site: Site) -> Iterator[Browser]:
    """The browser of these tests."""
    with chromium(executable() or "") as found:
        yield found


@pytest.fixture
def zone() -> str:
    """The browser's time zone."""
    return "UTC"


@pytest.fixture
def page(browser: Browser, site: Site, zone: str) -> Iterator[Page]:
    """A tab, which at the end has asked nobody else, broken no policy and met no error."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, locale="de-DE", timezone_id=zone
    )
    context.add_init_script(WATCH_POLICY)
    page = context.new_page()
    wrongs: list[str] = []
    page.on("console", lambda message: wrongs.extend(complaint(message)))
    page.on("pageerror", lambda error: wrongs.append(str(error)))
    page.on("request", lambda request: wrongs.extend(stranger(request, site)))
    yield page
    # A poll may still be inside a test's route: what it meets when its page goes is no error.
    page.unroute_all(behavior="ignoreErrors")
    context.close()
    assert not wrongs


def complaint(message: ConsoleMessage) -> list[str]:
    """What an error in the console says; that the service refused is no error of the page."""
    known = message.type != "error" or message.text.startswith("Failed to load resource")
    return [] if known else [message.text]


def stranger(request: Request, site: Site) -> list[str]:
    """The address that a request goes to, where it is not the service's."""
    asked = urlsplit(request.url)
    return [] if f"{asked.scheme}://{asked.netloc}" == site.address else [request.url]

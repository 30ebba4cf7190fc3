"""Signing in and out: the token comes by the form, and stays in the memory of its tab."""

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import jwt
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.acceptance.page.site import Site
from tests.support.browser.chromium import ARGUMENTS, executable
from tests.support.process import PATIENCE_S
from tests.support.stack import SECRET

# As a browser does that is set to keep nothing of sites.
BLOCK = """for (const name of ["localStorage", "sessionStorage"])
    Object.defineProperty(window, name, {get() { throw new DOMException(name); }})"""


def test_by_the_form(page: Page, site: Site) -> None:
    page.goto(site.address)
    page.get_by_label("Token").fill(f"  {site.token()} ")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Platform")).to_be_visible()
    assert page.url == f"{site.address}/#/platform"
    assert page.title() == "Platform · Fleetgauge"


def test_nothing_is_kept_outside_the_tab(page: Page, site: Site) -> None:
    site.sign_in(page)
    expect(page.get_by_role("heading", name="Platform")).to_be_visible()
    assert page.url == f"{site.address}/#/platform"
    assert page.evaluate("localStorage.length") == 0
    assert page.context.cookies() == []


def test_the_tab_keeps_it_and_no_other_tab_has_it(page: Page, site: Site) -> None:
    site.sign_in(page, "alice")
    expect(page.get_by_role("heading", name="alice")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="alice")).to_be_visible()
    # A link that opens a tab lends it the storage.
    with page.context.expect_page() as opened:
        page.evaluate("open(location.href)")
    expect(opened.value.get_by_label("Token")).to_be_focused()


def test_the_disk_has_no_token(browser: Browser, site: Site, tmp_path: Path) -> None:
    context = browser.browser_type.launch_persistent_context(
        tmp_path, executable_path=executable(), args=ARGUMENTS
    )
    page = context.pages[0]
    token = site.sign_in(page, view="#/users/alice?range=7d")
    expect(page.get_by_role("heading", name="alice")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="alice")).to_be_visible()
    deadline = time.monotonic() + PATIENCE_S
    while not files_with(tmp_path / "Default" / "Session Storage", "fleetgauge.token"):
        assert time.monotonic() < deadline, "the browser writes no session storage"
        page.wait_for_timeout(200)
    page.get_by_role("button", name="Sign out").click()
    context.close()
    assert "Default/History" in files_with(tmp_path, f"{site.address}/#/users/alice")
    for part in token.split(".")[1:]:
        assert files_with(tmp_path, part) == []


def files_with(folder: Path, text: str) -> list[str]:
    """The files of a browser's profile that have a text in them, in either of its encodings."""
    wanted = [text.encode(encoding) for encoding in ("latin-1", "utf-16-le")]
    found = []
    for path in folder.rglob("*"):
        # Folders, sockets, and what the browser has just taken away.
        with suppress(OSError):
            content = path.read_bytes()
            found += [str(path.relative_to(folder))] if any(w in content for w in wanted) else []
    return found


def test_where_storage_is_blocked_the_session_lasts_until_a_reload(page: Page, site: Site) -> None:
    page.add_init_script(BLOCK)
    site.sign_in(page, "alice")
    expect(page.get_by_role("heading", name="alice")).to_be_visible()
    page.get_by_role("button", name="Theme").click()
    expect(page.get_by_role("button", name="Theme")).to_have_text("Theme: light")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_focused()


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("#token={}", ""),
        ("?token={}", ""),
        ("#/platform?token={}", "#/platform"),
        ("?token={}#/users/alice?range=7d", "#/users/alice?range=7d"),
    ],
)
def test_a_token_in_the_address_is_removed(
    page: Page, site: Site, address: str, shown: str
) -> None:
    page.goto(f"{site.address}/{address.format(site.token())}")
    expect(page.get_by_label("Token")).to_be_focused()
    assert page.url == f"{site.address}/{shown}"


def test_a_token_in_the_address_is_not_used(page: Page, site: Site) -> None:
    site.sign_in(page, "alice")
    expect(page.get_by_role("heading", name="alice")).to_be_visible()
    page.goto(f"{site.address}/#token={site.token()}")
    expect(page).to_have_url(f"{site.address}/#/users/alice?range=24h")
    expect(page.get_by_role("navigation", name="Views")).to_be_hidden()


def test_a_user_sees_the_own_view_alone(page: Page, site: Site) -> None:
    site.sign_in(page, "alice")
    expect(page.get_by_role("heading", name="alice")).to_be_visible()
    expect(page.get_by_role("navigation", name="Views")).to_be_hidden()
    for other in ("#/users/bob", "#/platform"):
        page.goto(f"{site.address}/{other}")
        expect(page.get_by_role("heading", name="Access denied")).to_be_visible()
        expect(page.get_by_text("This token may not read that.")).to_be_visible()
    page.get_by_role("link", name="Your own view").click()
    expect(page.get_by_role("heading", name="alice")).to_be_visible()


def test_the_platform_opens_any_user(page: Page, site: Site) -> None:
    site.sign_in(page)
    page.get_by_label("User id", exact=True).fill("bob")
    page.get_by_label("User id", exact=True).press("Enter")
    expect(page.get_by_role("heading", name="bob")).to_be_focused()
    page.get_by_role("link", name="Platform").click()
    expect(page.get_by_role("heading", name="Platform")).to_be_focused()
    page.go_back()
    expect(page.get_by_role("heading", name="bob")).to_be_visible()


def test_sign_out(page: Page, site: Site) -> None:
    site.sign_in(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_focused()
    assert page.evaluate("sessionStorage.length") == 0
    page.reload()
    expect(page.get_by_label("Token")).to_be_visible()


def test_a_token_that_has_ended(page: Page, site: Site) -> None:
    site.sign_in(page, ttl=-timedelta(minutes=1))
    expect(page.get_by_role("alert").first).to_contain_text("Your token expired on ")
    assert page.evaluate("sessionStorage.length") == 0


def test_a_token_of_somebody_else(page: Page, site: Site) -> None:
    head, payload, _ = site.token().split(".")
    page.goto(site.address)
    page.get_by_label("Token").fill(f"{head}.{payload}.AAAA")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("rejects this token")


# the browser's clock against the service's, the token's life, what the page says of it
CLOCKS = [
    (-timedelta(days=1), -timedelta(minutes=1), "Your token expired on "),
    (timedelta(days=1), timedelta(hours=1), "The service rejects this token."),
]


@pytest.mark.parametrize(("ahead", "ttl", "why"), CLOCKS)
def test_the_services_clock_decides_why_a_token_is_refused(
    page: Page, site: Site, ahead: timedelta, ttl: timedelta, why: str
) -> None:
    page.clock.set_fixed_time(datetime.now(UTC) + ahead)
    page.route("**/api/metrics", unauthorized)
    site.sign_in(page, ttl=ttl)
    expect(page.get_by_role("alert").first).to_contain_text(why)


def unauthorized(route: Route) -> None:
    """The service refuses whatever token, at its own time."""
    headers = {"date": format_datetime(datetime.now(UTC), usegmt=True)}
    route.fulfill(status=401, headers=headers, json={"error": "A valid token is needed."})


# what a token claims, and what the page then opens
CLAIMS = [
    ({"sub": "alice", "scope": "openid user"}, "alice"),
    ({"sub": "alice", "scope": "user platform"}, "Platform"),
]


@pytest.mark.parametrize(("claims", "heading"), CLAIMS)
def test_a_scope_of_several_words(
    page: Page, site: Site, claims: dict[str, str], heading: str
) -> None:
    page.goto(site.address)
    encoded = jwt.encode({**claims, "exp": datetime.now(UTC) + timedelta(hours=1)}, SECRET)
    page.route("**/api/**", lambda route: route.abort())
    page.get_by_label("Token").fill(encoded)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=heading)).to_be_visible()


def test_what_is_no_token(page: Page, site: Site) -> None:
    page.goto(site.address)
    field = page.get_by_label("Token")
    # An invalid one; one that no header can hold.
    for text in ("swordfish", "\N{KEY}.eyJzdWIiOiJhIn0.a"):
        field.fill(text)
        field.press("Enter")
        expect(page.get_by_text("This is not a token")).to_be_visible()
        expect(field).to_be_focused()
        expect(field).to_have_attribute("aria-invalid", "true")

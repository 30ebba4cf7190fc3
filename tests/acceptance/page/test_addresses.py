"""Whatever stands in the address is data: it may name a view, and never ends the session."""

import random
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.page.site import Site

SEED: Final = 17
MANY: Final = 60
# Names that every object of JavaScript has, and text that is special in addresses or markup.
WORDS: Final = (
    *("toString", "constructor", "__proto__", "hasOwnProperty", "valueOf", "null", "undefined"),
    *("24h", "7d", "30d", "", "0", "-1", "platform", "users", "alice", ".", "..", "%2e%2e", "a b"),
    *("%", "%00", "%ff", "%E0%A4%A", "\N{SNOWMAN}", "<b>", "'\"", "&", "#", "?", "=", "/", "\\"),
    *("token=", "x" * 3_000),
)
FORMS: Final = (
    *("#/users/{}?range={}", "#/users/{}", "#/{}?range={}", "#{}", "#token={}", "#/platform?{}={}"),
    *("?{}={}#/users/{}?range={}", "?range={}", "#/users/alice?range={}&range={}"),
)
KNOWN: Final = ("24h", "7d", "30d")


def addresses() -> Iterator[str]:
    """Each word as a range, then forms filled at random."""
    yield from (f"#/users/alice?range={word}" for word in WORDS)
    chance = random.Random(SEED)
    for _ in range(MANY):
        form = chance.choice(FORMS)
        words = (chance.choice([word, quote(word)]) for word in chance.choices(WORDS, k=4))
        yield form.format(*words)


def test_no_address_ends_a_session(page: Page, site: Site) -> None:
    page.route("**/api/**", lambda route: route.fulfill(status=500, json={"error": "No."}))
    site.sign_in(page)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    for address in addresses():
        page.goto(f"{site.address}/{address}")
        heading = page.locator("h1")
        expect(heading, address).not_to_have_text("Sign in")
        expect(page.get_by_role("button", name="Sign out"), address).to_be_visible()
        view = page.url.partition("#")[2]
        assert view == "/platform" or view.rpartition("?range=")[2] in KNOWN, address
    page.goto(f"{site.address}/#/users/alice?range=7d")
    expect(page.get_by_role("radio", name="7 days")).to_be_checked()


@pytest.mark.parametrize("address", ["#/users/alice?range=toString", "#token=constructor", "#%"])
def test_none_keeps_anybody_from_signing_in(page: Page, site: Site, address: str) -> None:
    site.sign_in(page, "alice", view=address)
    expect(page.get_by_role("heading", name="alice")).to_be_visible()
    expect(page.get_by_role("radio", name="24 hours")).to_be_checked()


def test_a_chosen_theme_is_data_too(page: Page, site: Site) -> None:
    page.add_init_script("localStorage.setItem('fleetgauge.theme', 'toString')")
    page.goto(site.address)
    expect(page.get_by_role("button", name="Theme")).to_have_text("Theme: auto")

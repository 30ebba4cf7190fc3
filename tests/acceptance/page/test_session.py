"""Signing in and out: the token comes by form or address, and stays in the tab."""

from datetime import timedelta

from playwright.sync_api import Page, expect

from tests.acceptance.page.site import Site


def test_by_the_form(page: Page, site: Site) -> None:
    page.goto(site.address)
    page.get_by_label("Token").fill(f"  {site.token()} ")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Platform")).to_be_visible()
    assert page.url == f"{site.address}/#/platform"
    assert page.title() == "Platform · Fleetgauge"


def test_by_the_address_which_forgets_the_token_at_once(page: Page, site: Site) -> None:
    page.goto(site.link())
    expect(page.get_by_role("heading", name="Platform")).to_be_visible()
    assert page.url == f"{site.address}/#/platform"
    assert page.evaluate("history.length") == 2, "the tab's empty page and this one"
    assert page.evaluate("localStorage.length") == 0
    assert page.context.cookies() == []


def test_the_tab_keeps_it_and_no_other_tab_has_it(page: Page, site: Site) -> None:
    page.goto(site.link("alice"))
    page.reload()
    expect(page.get_by_role("heading", name="alice")).to_be_visible()
    other = page.context.new_page()
    other.goto(site.address)
    expect(other.get_by_label("Token")).to_be_focused()


def test_a_link_into_an_open_tab_takes_the_place_of_the_session(page: Page, site: Site) -> None:
    page.goto(site.link())
    expect(page.get_by_role("heading", name="Platform")).to_be_visible()
    page.goto(site.link("alice"))
    expect(page.get_by_role("heading", name="alice")).to_be_visible()
    assert page.url == f"{site.address}/#/users/alice?range=24h"
    expect(page.get_by_role("navigation")).to_be_hidden()


def test_a_user_sees_the_own_view_alone(page: Page, site: Site) -> None:
    page.goto(site.link("alice"))
    expect(page.get_by_role("heading", name="alice")).to_be_visible()
    expect(page.get_by_role("navigation")).to_be_hidden()
    for other in ("#/users/bob", "#/platform"):
        page.goto(f"{site.address}/{other}")
        expect(page.get_by_role("heading", name="Not yours to see")).to_be_visible()
        expect(page.get_by_text("This token may not read that.")).to_be_visible()
    page.get_by_role("link", name="Your own view").click()
    expect(page.get_by_role("heading", name="alice")).to_be_visible()


def test_the_platform_opens_any_user(page: Page, site: Site) -> None:
    page.goto(site.link())
    page.get_by_label("User id").fill("bob")
    page.get_by_label("User id").press("Enter")
    expect(page.get_by_role("heading", name="bob")).to_be_focused()
    page.get_by_role("link", name="Platform").click()
    expect(page.get_by_role("heading", name="Platform")).to_be_focused()
    page.go_back()
    expect(page.get_by_role("heading", name="bob")).to_be_visible()


def test_sign_out(page: Page, site: Site) -> None:
    page.goto(site.link())
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_focused()
    assert page.evaluate("sessionStorage.length") == 0
    page.reload()
    expect(page.get_by_label("Token")).to_be_visible()


def test_a_token_that_has_ended(page: Page, site: Site) -> None:
    page.goto(site.link(ttl=-timedelta(minutes=1)))
    expect(page.get_by_role("alert").first).to_contain_text("Your token ended on ")
    assert page.evaluate("sessionStorage.length") == 0


def test_a_token_of_somebody_else(page: Page, site: Site) -> None:
    head, payload, _ = site.token().split(".")
    page.goto(f"{site.address}/#token={head}.{payload}.AAAA")
    expect(page.get_by_role("alert").first).to_contain_text("does not take this token")


def test_what_is_no_token(page: Page, site: Site) -> None:
    page.goto(site.address)
    field = page.get_by_label("Token")
    field.fill("swordfish")
    field.press("Enter")
    expect(page.get_by_text("This is not a token")).to_be_visible()
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")

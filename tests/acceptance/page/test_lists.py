"""The lists of agents and users: sorted, searched, in pages; refreshing keeps the focus."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.acceptance.page.site import MANY, Site
from tests.acceptance.page.views import rows, shown

PAGE = 25
CAROLS = "Agents of carol"


@pytest.fixture
def carol(page: Page, site: Site) -> Page:
    """Carol's view."""
    site.sign_in(page, "carol")
    shown(page)
    return page


def names(page: Page, caption: str = CAROLS) -> list[str]:
    """The ids in a list, in its order."""
    shown(page)
    return rows(page, caption).get_by_role("rowheader").all_text_contents()


def test_heads_sort_and_say_so(carol: Page) -> None:
    head = carol.get_by_role("columnheader", name="CPU")
    assert head.get_attribute("aria-sort") is None
    carol.get_by_role("button", name="CPU").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    assert names(carol)[:2] == ["c-29", "c-28"]
    carol.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert names(carol)[:2] == ["c-00", "c-01"]
    expect(carol.get_by_role("button", name="CPU")).to_be_focused()
    assert carol.url.endswith("#/users/carol?range=24h&sort=cpu&order=asc")
    carol.go_back()
    expect(head).to_have_attribute("aria-sort", "descending")


def test_pages_there_and_back(carol: Page) -> None:
    carol.get_by_role("button", name="Agent", exact=True).click()
    pages = carol.get_by_role("navigation", name="Pages of agents")
    expect(pages).to_contain_text(f"1\N{EN DASH}{PAGE} of {MANY}")
    expect(pages.get_by_role("link")).to_have_text(["Next"])
    first = names(carol)
    pages.get_by_role("link", name="Next").press("Enter")
    expect(pages).to_contain_text(f"{PAGE + 1}\N{EN DASH}{MANY} of {MANY}")
    # There is no next one, so the focus goes to what is there.
    expect(pages.get_by_role("link", name="First")).to_be_focused()
    second = names(carol)
    assert first + second == [f"c-{n:02}" for n in range(MANY)]
    # A link to this page has its rows too.
    carol.reload()
    assert names(carol) == second
    pages.get_by_role("link", name="First").click()
    expect(pages).to_contain_text(f"1\N{EN DASH}{PAGE} of {MANY}")
    assert names(carol) == first


def test_a_page_that_is_gone_leads_to_the_first(page: Page, site: Site) -> None:
    site.sign_in(page, "carol", view="#/users/carol?range=24h&sort=agentId&cursor=forged")
    expect(page).to_have_url(re.compile(r"#/users/carol\?range=24h&sort=agentId$"))
    assert names(page)[0] == "c-00"


def test_search_and_states(carol: Page) -> None:
    search = carol.get_by_role("searchbox")
    search.press_sequentially("c-1", delay=20)
    expect(rows(carol, CAROLS)).to_have_count(10)
    expect(search).to_be_focused()
    assert carol.url.endswith("search=c-1")
    states = carol.get_by_role("group", name="State")
    expect(states).to_contain_text("All 10")
    search.fill("")
    expect(states).to_contain_text(re.compile(rf"Failed 1\s+Inactive 0\s+Active {MANY - 1}"))
    states.get_by_label(re.compile("^Failed")).check()
    expect(rows(carol, CAROLS)).to_have_count(1)
    # Letters are no places to go back to; a state is.
    carol.go_back()
    expect(rows(carol, CAROLS)).to_have_count(PAGE)
    search.fill("nothing")
    expect(carol.get_by_text("No agents whose id begins with “nothing”.")).to_be_visible()


def test_the_platform_lists_users_and_finds_them(page: Page, site: Site) -> None:
    site.sign_in(page)
    # Failed agents first, then the higher rate of errors.
    assert names(page, "Users,")[:2] == ["carol", "u"]
    page.get_by_role("searchbox").fill("al")
    expect(rows(page, "Users,")).to_have_count(1)
    page.get_by_role("link", name="alice", exact=True).last.click()
    expect(page.get_by_role("heading", name="alice")).to_be_focused()


def test_refreshing_keeps_focus_and_place(page: Page, site: Site) -> None:
    page.clock.install()
    site.sign_in(page, "carol")
    shown(page)
    link = rows(page, CAROLS).nth(20).get_by_role("link")
    link.focus()
    name = link.text_content() or ""
    before = page.evaluate("scrollY")

    def turned(route: Route) -> None:
        answer = route.fetch().json()
        answer["agents"].reverse()
        route.fulfill(json=answer)

    page.route("**/carol/agents?**", turned)
    with page.expect_response("**/carol/agents?**"):
        page.clock.run_for(10_000)
    expect(rows(page, CAROLS).nth(PAGE - 21).get_by_role("rowheader")).to_have_text(name)
    expect(page.get_by_role("link", name=name, exact=True).last).to_be_focused()
    assert page.evaluate("scrollY") == before


def test_a_narrow_screen_has_a_table_too(carol: Page) -> None:
    carol.set_viewport_size({"width": 320, "height": 800})
    table = carol.get_by_role("table", name=re.compile(CAROLS))
    expect(table.get_by_role("row")).to_have_count(PAGE + 1)
    expect(table.get_by_role("button", name="Error rate")).to_be_visible()
    expect(rows(carol, CAROLS).first.get_by_role("cell").first).to_have_text("failed")


def test_no_such_agent(page: Page, site: Site) -> None:
    site.sign_in(page, "carol", view="#/users/carol/agents/c-99")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    page.get_by_role("link", name="carol").click()
    expect(page.get_by_role("heading", name="carol")).to_be_visible()

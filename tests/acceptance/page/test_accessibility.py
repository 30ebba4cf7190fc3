"""axe-core finds nothing in any state, wide or narrow, light or dark; nothing by colour alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.page.site import Site
from tests.acceptance.page.states import STATES
from tests.support.npm import package

AUDIT = """() => axe.run(document, {resultTypes: ["violations"]}).then(({violations}) =>
    violations.flatMap(({id, nodes}) => nodes.map((node) => `${id}: ${node.html}`)))"""


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(page: Page, site: Site, state: Callable[[Page, Site], None]) -> None:
    # What pulses has another contrast at each moment.
    page.emulate_media(reduced_motion="reduce")
    page.add_init_script(path=package("axe-core") / "axe.min.js")
    state(page, site)
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(AUDIT) == [], (width, scheme)


def test_the_theme_is_the_systems_or_the_one_chosen(page: Page, site: Site) -> None:
    def is_dark() -> bool:
        color: str = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        return sum(map(int, color[4:-1].split(","))) < 300

    page.emulate_media(color_scheme="dark")
    page.goto(site.address)
    assert is_dark()
    button = page.get_by_role("button", name="Theme")
    button.click()
    expect(button).to_have_text("Theme: light")
    assert not is_dark()
    page.emulate_media(color_scheme="light")
    button.click()
    assert is_dark()
    page.reload()
    assert is_dark()
    button.click()
    expect(button).to_have_text("Theme: auto")
    assert not is_dark()


def test_the_skip_link_leads_past_the_bar_and_leaves_the_address(page: Page, site: Site) -> None:
    site.sign_in(page)
    expect(page.get_by_role("heading", name="Platform")).to_be_visible()
    # From the top of the page, not from where the form was.
    page.reload()
    expect(page.get_by_role("heading", name="Platform")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the figures")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    assert page.url == f"{site.address}/#/platform"

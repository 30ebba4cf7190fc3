"""No page is wider than the screen, nor anything in it than its frame, in any state."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.acceptance.page.layout import await_layout
from tests.acceptance.page.site import Site
from tests.acceptance.page.states import STATES

WIDTHS = (320, 360, 390, 768, 1024, 1400)
# What holds text; a table and code scroll in their own frames.
WIDER = """() => [document.documentElement, ...document.querySelectorAll(
        ".bar, .headline, .head, .card, .panel, .readout, .empty, .none, .door, .notice, figure,"
        + ".ranges, .picker, .custom, .filters, .pager")]
    .filter((one) => one.scrollWidth > one.clientWidth + 1)
    .map((one) => `${one.tagName}.${one.className}: ${one.scrollWidth} > ${one.clientWidth}`)"""


@pytest.mark.parametrize("state", STATES)
def test_nothing_scrolls_sideways(
    page: Page, site: Site, state: Callable[[Page, Site], None]
) -> None:
    state(page, site)
    wider = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        await_layout(page)
        wider[width] = page.evaluate(WIDER)
        assert page.evaluate("innerWidth") == width
    assert wider == {width: [] for width in WIDTHS}

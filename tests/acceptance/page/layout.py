"""Waits for what the page does after a change of its width."""

from playwright.sync_api import Page

FITTED = """() => [...document.querySelectorAll(".plot")]
    .every((plot) => plot.querySelector(".u-wrap").offsetWidth === plot.clientWidth)"""


def await_layout(page: Page) -> None:
    """Returns once every chart is drawn as wide as its frame."""
    page.wait_for_function(FITTED)

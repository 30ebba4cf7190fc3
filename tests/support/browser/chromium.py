"""The machine's installed Chromium, headless and with an empty profile, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, expect, sync_playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# Chromium's sandbox needs privileges that containers rarely have; it only opens our own pages.
ARGUMENTS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
# How long an expectation may take to come true, on a machine with other work; by default 5 s.
PATIENCE_MS: Final = 30_000


def executable() -> str | None:
    """The path of Chromium; None if it is not installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """A running browser. No asyncio event loop may run in this thread meanwhile."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()

"""What tests look for in a view: its sections, and the rows of its tables."""

import re

from playwright.sync_api import Locator, Page, expect


def shown(page: Page) -> None:
    """Returns when every section of the view is shown."""
    expect(page.locator("h1")).not_to_have_text("Sign in")
    expect(page.locator("[data-section]:not([data-state=shown])")).to_have_count(0)
    expect(page.locator("[data-section][aria-busy=true]")).to_have_count(0)


def rows(page: Page, caption: str) -> Locator:
    """The rows of a table but its head, by how its caption begins."""
    table = page.get_by_role("table", name=re.compile(f"^{re.escape(caption)}"))
    return table.get_by_role("row").filter(has=page.get_by_role("rowheader"))

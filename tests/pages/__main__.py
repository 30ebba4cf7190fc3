"""Writes the pages that are generated from the code: `make pages`."""

from tests.pages import exits, settings

for module in (settings, exits):
    module.PAGE.write_text(module.page(), encoding="utf-8")

"""What the pages take from others is what its authors published, and comes with its licence."""

import json
from typing import Final

import pytest

from query.site import FOLDER
from tests.support.npm import package

VENDORED: Final = FOLDER / "vendor"
FILES: Final = {
    "uPlot.esm.js": "dist/uPlot.esm.js",
    "uPlot.min.css": "dist/uPlot.min.css",
    "LICENSE": "LICENSE",
}


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_vendored_file_is_the_packages(name: str) -> None:
    original = package("uplot") / FILES[name]
    assert (VENDORED / "uplot" / name).read_bytes() == original.read_bytes()


def test_the_notice_names_the_version() -> None:
    version = json.loads((package("uplot") / "package.json").read_bytes())["version"]
    notice = (VENDORED / "THIRD-PARTY.md").read_text(encoding="utf-8")
    assert f"| `uplot/` | `uplot`, by Leon Sorokin | {version} | MIT" in notice


def test_nothing_else_is_vendored() -> None:
    files = {path.name for path in VENDORED.rglob("*") if path.is_file()}
    assert files == {*FILES, "THIRD-PARTY.md"}

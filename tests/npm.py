"""What tests take from npm, where `make npm` leaves it."""

import shutil
from pathlib import Path
from typing import Final

import pytest

FOLDER: Final = Path(__file__).parent / "node_modules"


def package(name: str) -> Path:
    """The folder of a package; skips the test where npm is not there to bring it."""
    folder = FOLDER / name
    if folder.is_dir():
        return folder
    if shutil.which("npm") is None:
        pytest.skip(f"no npm here to bring {name}")
    pytest.fail(f"{name} is not installed: make npm")

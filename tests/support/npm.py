"""npm packages of the tests, installed by `make npm`."""

import json
import shutil
from pathlib import Path
from typing import Final

import pytest

FOLDER: Final = Path(__file__).parents[1] / "node_modules"
LOCK: Final = FOLDER.parent / "package-lock.json"


def package(name: str) -> Path:
    """The folder of a package; skips the test if npm is not available to install it."""
    folder = FOLDER / name
    if folder.is_dir():
        return folder
    if shutil.which("npm") is None:
        pytest.skip(f"{name} is not installed, and npm is not available")
    pytest.fail(f"{name} is not installed: make npm")


def main() -> None:
    """Removes npm's funding URLs from the lock file."""
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    for one in lock["packages"].values():
        one.pop("funding", None)
    LOCK.write_text(json.dumps(lock, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

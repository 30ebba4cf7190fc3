"""What tests take from npm, where `make npm` leaves it."""

import json
import shutil
from pathlib import Path
from typing import Final

import pytest

FOLDER: Final = Path(__file__).parents[1] / "node_modules"
LOCK: Final = FOLDER.parent / "package-lock.json"


def package(name: str) -> Path:
    """The folder of a package; skips the test where npm is not there to bring it."""
    folder = FOLDER / name
    if folder.is_dir():
        return folder
    if shutil.which("npm") is None:
        pytest.skip(f"no npm here to bring {name}")
    pytest.fail(f"{name} is not installed: make npm")


def main() -> None:
    """Takes the addresses for donations, which npm notes, out of the lock file."""
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    for one in lock["packages"].values():
        one.pop("funding", None)
    LOCK.write_text(json.dumps(lock, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

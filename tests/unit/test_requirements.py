"""Lock files name versions and hashes, and no place to fetch them from."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "requirements"
LOCKS = ("dev.txt", "run.txt", "uv.txt")
ADDRESS = re.compile(r"\S*://\S*|^ *(?:-i|-f|--(?:extra-)?index-url|--find-links)\b", re.M)


def test_these_are_all() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(LOCKS)


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_an_address(lock: str) -> None:
    text = (FOLDER / lock).read_text()
    assert not re.findall(
        r"\S*://\S*|^ *(?:-i|-f|--(?:extra-)?index-url|--find-links)\b", text, re.M
    )


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_and_hashed(lock: str) -> None:
    lines = (FOLDER / lock).read_text().splitlines()
    named = [n for n, line in enumerate(lines) if re.match(r"\w", line)]
    assert named
    for n in named:
        assert "==" in lines[n], lines[n]
        assert "--hash=sha256:" in lines[n + 1], lines[n]


def test_what_runs_is_the_same_in_both() -> None:
    pins = re.compile(r"^\S+==\S+.*?(?= \\)", re.M)
    run, dev = (set(pins.findall((FOLDER / lock).read_text())) for lock in ("run.txt", "dev.txt"))
    assert run <= dev

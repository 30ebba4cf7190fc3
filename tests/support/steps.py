"""The steps of a page for developers: edits of files in a copy of the repository."""

import re
import shutil
import subprocess
from pathlib import Path

from tests.support.markdown import Block
from tests.support.stack import REPOSITORY


def copy_repository(target: Path) -> None:
    """Copies what git knows of the repository, as it stands."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    for name in filter(None, done.stdout.split("\0")):
        source, copy = REPOSITORY / name, target / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)


def apply_diff(folder: Path, block: Block) -> None:
    """Applies a `diff` block: `--- FILE`, then hunks between lines `@@`, without line numbers.

    Raises AssertionError where a hunk's lines are not exactly once in the file.
    """
    first, *lines = block.text.splitlines()
    file = folder / first.removeprefix("--- ")
    text = file.read_text(encoding="utf-8")
    for hunk in re.split(r"^@@\n", "\n".join(lines) + "\n", flags=re.MULTILINE):
        kept = hunk.splitlines(keepends=True)
        before = "".join(line[1:] for line in kept if line[0] in " -")
        after = "".join(line[1:] for line in kept if line[0] in " +")
        assert text.count(before) == 1, f"{block}: {file.name} does not have once:\n{before}"
        text = text.replace(before, after)
    file.write_text(text, encoding="utf-8")

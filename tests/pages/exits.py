"""The operators' page of exit statuses, from `schemas.runtime.exits`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from schemas.runtime.exits import ALWAYS, ENDINGS, Ending

PAGE: Final = Path(__file__).parents[2] / "docs" / "operators" / "exit-statuses.md"
OPENING: Final = """\
<!-- Written by `make pages` from schemas/runtime/exits.py: change the text there. -->
# Exit statuses

The exit statuses of each command. The last line on stderr explains a status other than 0. A \
shell reports a command that was killed by a signal as 128 plus the signal's number: 137 is \
SIGKILL, usually out of memory, and 143 a second SIGTERM.
"""
HEAD: Final = "| status | meaning | what to do |\n|---|---|---|\n"


def page() -> str:
    """The whole page, a table for each command."""
    sections = [_section(f"`fleetgauge {name}`", endings) for name, endings in ENDINGS.items()]
    return "\n".join([OPENING, _section("Every command", ALWAYS), *sections])


def _section(title: str, endings: Mapping[int, Ending]) -> str:
    rows = "".join(
        f"| {status} | {ending.meaning} | {ending.then} |\n" for status, ending in endings.items()
    )
    return f"## {title}\n\n{HEAD}{rows}"

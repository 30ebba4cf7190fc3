"""Loads named queries from `sql/queries/`.

`query("NAME")` is the file `NAME.sql`. Queries that list the same columns share a file, in which
each one follows a line `-- name: NAME`.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "queries"
_NAME: Final = re.compile(rb"^-- name: (\w+)\n", re.MULTILINE)


def query(name: str) -> bytes:
    """The text of a query, with its line of purpose.

    Raises KeyError for an unknown name; names come from code, never from input.
    """
    return queries()[name]


@cache
def queries() -> dict[str, bytes]:
    """All queries by name; raises ValueError if two have the same name."""
    found: dict[str, bytes] = {}
    for file in sorted(FOLDER.glob("*.sql")):
        for name, text in _parts(file):
            if name in found:
                raise ValueError(f"two queries are named {name}; one is in {file}")
            found[name] = text
    return found


def _parts(file: Path) -> list[tuple[str, bytes]]:
    first, *rest = _NAME.split(file.read_bytes())
    if not rest:
        return [(file.stem, first)]
    return [(name.decode(), text) for name, text in zip(rest[::2], rest[1::2], strict=True)]

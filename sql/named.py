"""Loads named queries: `sql/queries/NAME.sql` is `query("NAME")`."""

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "queries"


@cache
def query(name: str) -> bytes:
    """The text of `sql/queries/<name>.sql`; raises FileNotFoundError for an unknown name.

    Names come from code, never from input.
    """
    return (FOLDER / f"{name}.sql").read_bytes()

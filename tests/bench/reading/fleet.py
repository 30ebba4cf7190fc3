"""A database with a fleet in it, as if ingest had filled it for 30 days."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg

from tests.bench.writing.databases import empty_database
from tests.stack import Stack, migrate

HERE: Final = Path(__file__).parent
AGENTS_A_USER: Final = 50
AGGREGATES: Final = "fill_aggregates.sql"
BUSINESS: Final = "fill_business.sql"


@contextmanager
def filled_database(stack: Stack, agents: int, fills: Sequence[str]) -> Iterator[str]:
    """Its URL: users `user-0` and on have 50 agents each; gone at the end."""
    with empty_database(stack) as url:
        migrate(url)
        options = f"-c timezone=UTC -c bench.agents={agents}"
        with psycopg.connect(url, autocommit=True, options=options) as connection:
            for fill in fills:
                run_file(connection, fill)
        yield url


def run_file(connection: psycopg.Connection[Any], name: str) -> None:
    """All statements of a file of this folder, each on its own."""
    # VACUUM runs in no transaction, and several statements at once are one.
    for statement in (HERE / name).read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            connection.execute(statement.encode())

"""A database with a fleet in it, as if ingest had filled it for 30 days."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import psycopg

from tests.bench.reading.levels import run_file, writable_levels
from tests.bench.writing.databases import empty_database
from tests.stack import Stack, migrate

AGENTS_A_USER: Final = 50
AGGREGATES: Final = "fill_aggregates.sql"
BUSINESS: Final = "fill_business.sql"


@contextmanager
def filled_database(stack: Stack, agents: int, fills: Sequence[str]) -> Iterator[str]:
    """Its URL: users `user-0` and on have 50 agents each; gone at the end."""
    with empty_database(stack) as url:
        migrate(url)
        options = f"-c timezone=UTC -c bench.agents={agents}"
        with (
            psycopg.connect(url, autocommit=True, options=options) as connection,
            writable_levels(connection),
        ):
            for fill in fills:
                run_file(connection, fill)
        yield url

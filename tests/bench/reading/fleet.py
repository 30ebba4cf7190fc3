"""A database with a fleet's data, as after 30 days of ingest."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import psycopg

from ingest.admin.refresh import SUMMARY_S
from sql.named import query
from tests.bench.reading.levels import run_file, writable_levels
from tests.bench.writing.databases import empty_database
from tests.support.stack import Stack, migrate

AGENTS_A_USER: Final = 50
AGGREGATES: Final = "fill_aggregates.sql"
BUSINESS: Final = "fill_business.sql"


@contextmanager
def filled_database(stack: Stack, agents: int, fills: Sequence[str]) -> Iterator[str]:
    """The URL of the database, dropped on exit. Users from `user-0` on have 50 agents each.

    The fleet's summaries are updated as by the refresh, but nothing is aggregated.
    """
    with empty_database(stack) as url:
        migrate(url)
        options = f"-c timezone=UTC -c bench.agents={agents}"
        with (
            psycopg.connect(url, autocommit=True, options=options) as connection,
            writable_levels(connection),
        ):
            for fill in fills:
                run_file(connection, fill)
        with _kept_summary(url):
            yield url


@contextmanager
def _kept_summary(url: str) -> Iterator[None]:
    is_over = threading.Event()

    def keep() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not is_over.is_set():
                connection.execute(query("keep_platform_summary"))
                connection.execute(query("keep_agent_summary"))
                is_over.wait(SUMMARY_S)

    keeper = threading.Thread(target=keep)
    keeper.start()
    yield
    is_over.set()
    keeper.join()

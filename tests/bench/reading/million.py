"""What /api/metrics costs the database with a million agents: from its summary, and without."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import psycopg

from sql.named import query
from tests.bench.measurement import Bench, NotHereError, say
from tests.bench.reading import lists
from tests.bench.reading.endpoints import endpoints
from tests.bench.reading.fleet import AGENTS_A_USER
from tests.bench.reading.levels import run_file
from tests.bench.reading.queries import explain_ms
from tests.bench.result import Reached, Result, Series
from tests.bench.writing.databases import empty_database
from tests.support.stack import Stack, migrate

NAME: Final = "platform_million"
TITLE: Final = "The platform's figures, 1,000,000 agents"
AGENTS: Final = 1_000_000
RUNS: Final = 45
COUNTS: Final = 5
ALONE: Final = 3

Connection = psycopg.Connection[Any]


def measure(bench: Bench) -> Result:
    """In a full run only: to fill so many agents takes a minute."""
    if not bench.scale.is_full:
        raise NotHereError("only `make bench FULL=1` fills so many agents")
    say(f"  filling {AGENTS:,} agents")
    with _filled(bench.stack) as connection:
        counted = tuple(_count(connection) for _ in range(COUNTS))
        read = _ask(connection, RUNS)[5:]
        attention = _list(connection)
        connection.execute("delete from platform_summary")
        alone = _ask(connection, ALONE)
    setup = (
        f"{bench.edition} edition, {AGENTS:,} agents, {AGENTS_A_USER} a user, a tenth of them is "
        "removed, 5,000 samples are not aggregated; no rollups, so that uptime is counted of none; "
        "the first count of the summary is with uptime, which is counted once a minute"
    )
    series = (
        Series("the query, from the summary", {"ms": read}),
        Series("counting the summary", {"ms": counted}),
        Series("the query, where nobody keeps a summary", {"ms": alone}),
        Series("a page of agents, what needs attention first", {"ms": attention}),
    )
    reached = (Reached(NAME, read), Reached("lists_million", attention))
    return Result(NAME, TITLE, setup, series, reached)


@contextmanager
def _filled(stack: Stack) -> Iterator[Connection]:
    with empty_database(stack) as url:
        migrate(url)
        options = f"-c timezone=UTC -c bench.agents={AGENTS}"
        with psycopg.connect(url, autocommit=True, options=options) as connection:
            run_file(connection, "begin.sql")
            run_file(connection, "fill_million.sql")
            yield connection


def _count(connection: Connection) -> float:
    began = time.perf_counter()
    connection.execute(query("keep_platform_summary"))
    return 1_000 * (time.perf_counter() - began)


def _list(connection: Connection) -> tuple[float, ...]:
    connection.execute(query("keep_agent_summary"))
    return lists.timed(connection, RUNS, lists.fleet_page("attention")).figures["ms"]


def _ask(connection: Connection, runs: int) -> tuple[float, ...]:
    (platform,) = (one for one in endpoints(datetime.now(UTC)) if one.name == "platform")
    return tuple(
        explain_ms(connection, platform.query, platform.asked_by("user-7")) for _ in range(runs)
    )

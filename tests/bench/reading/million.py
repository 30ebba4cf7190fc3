"""The query of /api/metrics with a million agents, with and without its summary."""

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
UPDATES: Final = 5
WITHOUT: Final = 3

Connection = psycopg.Connection[Any]


def measure(bench: Bench) -> Result:
    """Measure in a full run only, because filling takes a minute."""
    if not bench.scale.is_full:
        raise NotHereError("only with `make bench FULL=1`")
    say(f"  filling {AGENTS:,} agents")
    with _filled(bench.stack) as connection:
        updated = tuple(_update_ms(connection) for _ in range(UPDATES))
        read = _explain(connection, RUNS)[5:]
        attention = _list(connection)
        of_user = lists.timed(connection, RUNS, lists.user_page("15m"))
        connection.execute("delete from platform_summary")
        without = _explain(connection, WITHOUT)
    setup = (
        f"{bench.edition} edition, {AGENTS:,} agents, {AGENTS_A_USER} per user, a tenth of them "
        "removed, 5,000 samples not aggregated; no aggregates, so uptime is computed from no rows; "
        "the first update of the summary includes uptime, which is updated once a minute"
    )
    series = (
        Series("the query, from the summary", {"ms": read}),
        Series("updating the summary", {"ms": updated}),
        Series("the query, without a summary", {"ms": without}),
        Series("a page of agents sorted by attention", {"ms": attention}),
        of_user,
    )
    reached = (
        Reached(NAME, read),
        Reached("lists_million", attention),
        Reached("lists_user_million", of_user.figures["ms"]),
    )
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


def _update_ms(connection: Connection) -> float:
    began = time.perf_counter()
    connection.execute(query("keep_platform_summary"))
    return 1_000 * (time.perf_counter() - began)


def _list(connection: Connection) -> tuple[float, ...]:
    connection.execute(query("keep_agent_summary"))
    return lists.timed(connection, RUNS, lists.fleet_page("attention")).figures["ms"]


def _explain(connection: Connection, runs: int) -> tuple[float, ...]:
    (platform,) = (one for one in endpoints(datetime.now(UTC)) if one.name == "platform")
    return tuple(
        explain_ms(connection, platform.query, platform.parameters_for("user-7"))
        for _ in range(runs)
    )

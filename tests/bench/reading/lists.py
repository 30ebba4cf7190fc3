"""The duration of list pages of agents and users in the database, for each sort column."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, get_args

import psycopg
from psycopg import sql

from query import agents, users
from query.database import SESSION
from query.paging import PagePosition
from schemas.agents import AgentSort, Window
from schemas.users import UserSort
from sql.named import query
from tests.bench.measurement import Bench
from tests.bench.reading.fleet import AGENTS_A_USER, AGGREGATES, filled_database
from tests.bench.result import Reached, Result, Series

NAME: Final = "lists"
TITLE: Final = "Lists: 10,000 agents of 200 users"
AGENTS: Final = 10_000
USER: Final = "user-7"
LIMIT: Final = 100
RUNS: Final = 25

Connection = psycopg.Connection[Any]
# A title, the name of the query, and its parameters.
PageQuery = tuple[str, str, Mapping[str, object]]


def measure(bench: Bench) -> Result:
    """Measure a user's pages, and the fleet's in every sort order."""
    with filled_database(bench.stack, AGENTS, (AGGREGATES,)) as url, as_served(url) as connection:
        of_user = [timed(connection, RUNS, user_page(window)) for window in get_args(Window)]
        of_fleet = [timed(connection, RUNS, fleet_page(sort)) for sort in get_args(AgentSort)]
        of_users = [timed(connection, RUNS, users_page(sort)) for sort in get_args(UserSort)]
        updates = Series("updating the summary", {"ms": _updates(connection)})
    setup = (
        f"{bench.edition} edition, {AGENTS_A_USER} agents per user, pages of {LIMIT}, from the "
        "query to its rows; prepared plans, no response cache"
    )
    slowest = max(of_fleet + of_users, key=lambda series: _median(series.figures["ms"]))
    reached = (
        Reached("lists_user", of_user[0].figures["ms"]),
        Reached("lists_user_day", of_user[-1].figures["ms"]),
        Reached("lists_fleet", slowest.figures["ms"]),
    )
    return Result(NAME, TITLE, setup, (*of_user, *of_fleet, *of_users, updates), reached)


@contextmanager
def as_served(url: str) -> Iterator[Connection]:
    """A connection with the session settings of `serve`."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name, value in SESSION.settings.items():
            connection.execute(
                sql.SQL("set {} = {}").format(sql.Identifier(name), sql.Literal(value))
            )
        connection.execute("set timezone = 'UTC'")
        yield connection


def user_page(window: Window) -> PageQuery:
    """The first page of a user's agents."""
    page = agents.AgentsQuery(USER, None, None, window, "attention", None)
    parameters = agents.parameters_of(page, PagePosition(), LIMIT, datetime.now(UTC))
    return (f"a user's agents, {window}", "list_agents", parameters)


def fleet_page(sort: AgentSort) -> PageQuery:
    """The first page of all agents."""
    page = agents.AgentsQuery(None, None, None, "24h", sort, None)
    parameters = agents.parameters_of(page, PagePosition(), LIMIT, datetime.now(UTC))
    return (f"all agents by {sort}", "list_agents", parameters)


def users_page(sort: UserSort) -> PageQuery:
    """The first page of all users."""
    page = users.UsersQuery(None, "24h", sort, None)
    parameters = users.parameters_of(page, PagePosition(), LIMIT, datetime.now(UTC))
    return (f"all users by {sort}", "list_users", parameters)


def timed(connection: Connection, runs: int, page: PageQuery) -> Series:
    """The duration of each run, without the first five."""
    name, text, parameters = page
    values = [_milliseconds(connection, text, parameters) for _ in range(runs)]
    # The first runs plan and fill the caches.
    return Series(name, {"ms": tuple(values[5:])})


def _milliseconds(connection: Connection, name: str, parameters: Mapping[str, object]) -> float:
    began = time.perf_counter()
    connection.execute(query(name), parameters, prepare=True).fetchall()
    return 1_000 * (time.perf_counter() - began)


def _updates(connection: Connection) -> tuple[float, ...]:
    return tuple(_milliseconds(connection, "keep_agent_summary", {}) for _ in range(5))


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]

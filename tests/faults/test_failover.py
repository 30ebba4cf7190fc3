"""A database that comes back as it was some time ago, as an asynchronous replica does."""

import asyncio
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from tests.support.ingest_process import ingest_process
from tests.support.oracle import Fleet, all_stored, check_exact, produce
from tests.support.proxy import Proxy, proxy_to
from tests.support.stack import Stack, Topics

MINUTE = timedelta(minutes=1)


async def test_what_it_has_lost_is_read_again(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    rng: random.Random,
) -> None:
    now = datetime.now(UTC)
    # The agents of the later ones are unknown to the state that comes back.
    fleets = [Fleet(3, 50 + 30 * n, now - n * 60 * MINUTE, MINUTE) for n in range(3)]
    before, lost, after = (fleet.samples(20, rng) for fleet in fleets)
    async with (
        proxy_to(database) as (proxy, through),
        ingest_process(ingest_environment(through), tmp_path / "ingest.log") as ingest,
    ):
        await produce(stack, made_topics, before)
        await all_stored(stack, database, made_topics)
        await without_sessions(proxy, stack, database, replicate)
        await produce(stack, made_topics, lost)
        await all_stored(stack, database, made_topics)
        await without_sessions(proxy, stack, database, fail_over)
        await produce(stack, made_topics, after)
        await all_stored(stack, database, made_topics)
        assert await ingest.metric("fleetgauge_fenced_total") > 0
        assert await ingest.stop() == 0
    check_exact(database, before + lost + after)


def replicate(name: str) -> list[Composed]:
    """The database as it is now, kept beside it."""
    copy = SQL("create database {} template {}")
    return [copy.format(Identifier(f"{name}_replica"), Identifier(name))]


def fail_over(name: str) -> list[Composed]:
    """What was kept takes the place of the database."""
    return [
        SQL("drop database {}").format(Identifier(name)),
        SQL("alter database {} rename to {}").format(
            Identifier(f"{name}_replica"), Identifier(name)
        ),
    ]


async def without_sessions(
    proxy: Proxy, stack: Stack, database: str, change: Callable[[str], list[Composed]]
) -> None:
    """Changes a database while nobody is connected to it."""
    proxy.refuse()
    await proxy.ended()
    await asyncio.to_thread(run_alone, stack, urlsplit(database).path.strip("/"), change)
    proxy.accept()


def run_alone(stack: Stack, name: str, change: Callable[[str], list[Composed]]) -> None:
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where datname = %s and usename = current_user",
            [name],
        )
        for statement in change(name):
            _when_alone(connection, statement)


def _when_alone(connection: psycopg.Connection[Any], statement: Composed) -> None:
    """The server's own workers come and go: it waits five seconds for them, which may not do."""
    gives_up = time.monotonic() + 60
    while True:
        try:
            connection.execute(statement)
            return
        except psycopg.errors.ObjectInUse:
            if time.monotonic() > gives_up:
                raise

"""The schema that the URL's options name is every command's; a role's own default is nobody's."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import psycopg
import pytest

from sql.migrate import MigrationError
from tests.support.defaults import defaults
from tests.support.ingest_process import ingest_process
from tests.support.oracle import Fleet, all_stored, produce
from tests.support.process import fleetgauge
from tests.support.serve_process import holder, served
from tests.support.stack import Stack, Topics, migrate
from tests.support.waiting import until

pytestmark = pytest.mark.fault(36, "options in the URL")

SCHEMA = "telemetry"
OPTIONS = f"?options=-csearch_path%3D{SCHEMA},public"
IN_PUBLIC = """
    select relname from pg_class where relnamespace = 'public'::regnamespace
        and not exists (select from pg_depend where objid = pg_class.oid and deptype = 'e')
"""


@pytest.fixture
def database(empty_database: str) -> str:
    """The URL of a database with a separate schema for the tables, which are not there yet."""
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(f"create schema {SCHEMA}")
    return empty_database


async def test_every_command_uses_the_schema(
    database: str,
    stack: Stack,
    made_topics: Topics,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    rng: random.Random,
) -> None:
    url = database + OPTIONS
    variables = ingest_environment(url)
    assert done(variables, "migrate") == 0
    samples = Fleet(2, 20, datetime.now(UTC), timedelta(minutes=7)).samples(20, rng)
    await produce(stack, made_topics, samples)
    async with ingest_process(variables, tmp_path / "ingest.log") as ingest:
        await all_stored(stack, url, made_topics)
        with served(variables) as serving, serving.client() as client:
            serving.await_ready()
            await until(partial(counts, client, 20), "the fleet, counted", 60)
        for command in ("maintain", "doctor"):
            assert done(variables, command) == 0
        assert await ingest.stop() == 0
    with psycopg.connect(url) as connection:
        stored = connection.execute("select count(*) from agent_samples").fetchone()
    assert stored == (len(samples),)
    with psycopg.connect(database) as connection:
        assert connection.execute(IN_PUBLIC).fetchall() == []


async def counts(client: httpx.Client, agents: int) -> bool:
    """Whether the platform has so many: a summary may be 5 seconds old."""
    headers = holder("ops", "platform")
    answer = await asyncio.to_thread(client.get, "/api/metrics", headers=headers)
    return bool(answer.json()["metrics"]["agents"]["total"] == agents)


def done(variables: dict[str, str], command: str) -> int:
    """The exit status of a command."""
    with fleetgauge(variables, command) as process:
        return process.await_exit()


def test_no_second_set_of_tables_is_made(database: str) -> None:
    """A version that kept to the role's default has put them into another schema."""
    migrate(database + OPTIONS)
    with (
        defaults(database, {"search_path": f"{SCHEMA}, public"}),
        pytest.raises(MigrationError, match=rf"options=-csearch_path%3D{SCHEMA},public to FLEET"),
    ):
        migrate(database)

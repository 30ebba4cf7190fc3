"""Rights of the role are taken away: ingest stalls and says so, and the doctor names the GRANT."""

import asyncio
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from tests.faults.ledger import Ledger
from tests.support.ingest_process import ingest_process
from tests.support.oracle import Fleet
from tests.support.process import fleetgauge

pytestmark = pytest.mark.fault(41, "missing rights")

# What is taken from the role: a privilege on a kind of object, and its name.
TAKEN = [
    ("temporary", "database", "{database}"),
    ("insert", "table", "agent_samples"),
    ("update", "table", "ingest_offsets"),
    ("usage", "schema", "public"),
]
RETRY = '"will try again"'
STEP = timedelta(seconds=1)


@pytest.fixture
def role(database: str) -> Iterator[str]:
    """A role that has what ingest needs, and owns nothing."""
    name = f"rights_{uuid4().hex[:12]}"
    run(database, f"create role {name} login password 'x'")
    run(database, f"grant {name} to current_user with inherit true")
    run(database, "revoke usage on schema public from public")
    for right in (
        f"temporary on database {urlsplit(database).path[1:]}",
        "usage on schema public",
        "select, insert, update, delete on all tables in schema public",
    ):
        run(database, f"grant {right} to {name}")
    yield name
    run(database, f"drop owned by {name}")
    run(database, f"drop role {name}")


def run(database: str, statement: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(statement.encode())


def doctor(variables: dict[str, str]) -> str:
    """What it says; with a problem, as there is one."""
    with fleetgauge(variables, "doctor") as process:
        assert process.await_exit() == 1
        return process.output


async def test_ingest_stalls_until_it_is_granted(
    database: str,
    role: str,
    ledger: Ledger,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    rng: random.Random,
) -> None:
    parts = urlsplit(database)
    theirs = parts._replace(netloc=f"{role}:x@{parts.hostname}:{parts.port}").geturl()
    variables = ingest_environment(theirs)
    now = datetime.now(UTC)
    async with ingest_process(variables, tmp_path / "ingest.log") as ingest:
        await ingest.said('"claimed"')
        for place, (privilege, kind, name) in enumerate(TAKEN):
            on = f"{privilege} on {kind} {name.format(database=parts.path[1:])}"
            sent = Fleet(2, 20, now + place * STEP, timedelta(minutes=7)).samples(5, rng)
            await ledger.send(sent)
            await ledger.all_stored()
            run(database, f"revoke {on} from {role}")
            said = ingest.log.count(RETRY)
            # Those that are resent need a temporary table.
            await ledger.send(sent)
            await ingest.said(RETRY, times=said + 2)
            output = await asyncio.to_thread(doctor, variables)
            (fix,) = (line for line in output.splitlines() if "-> grant" in line)
            assert f"lacks {on}" in output
            assert fix.strip() == f'-> grant {on} to "{role}"'
            run(database, fix.strip().removeprefix("-> "))
            await ledger.all_stored()
        assert "'fleetgauge doctor' names the missing right" in ingest.log
        assert await ingest.stop() == 0
    await ledger.settle()

"""The ingest host's clock is more than a year ahead: it stores as ever, and deletes nothing."""

import asyncio
import random
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psycopg
import pytest

from tests.faults.ledger import Ledger
from tests.support.ingest_process import IngestProcess, ingest_process
from tests.support.oracle import Fleet
from tests.support.stack import REPOSITORY
from tests.support.waiting import until

pytestmark = pytest.mark.fault(27, "wrong clock of a host")

Environment = Callable[..., dict[str, str]]

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
FLEET = Fleet(2, 20, NOW, timedelta(minutes=1))


def off_by(span: timedelta) -> dict[str, str]:
    """What sets a process's clock ahead by so much."""
    return {
        "PYTHONPATH": str(Path(__file__).parent / "clock"),
        "CLOCK_AHEAD_S": str(span.total_seconds()),
    }


async def command(environment: Mapping[str, str], *words: str) -> tuple[int | None, str]:
    """How a command of Fleetgauge ends, and what it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(REPOSITORY / "fleetgauge.py"), *words),
        env=dict(environment),
        stdout=PIPE,
        stderr=STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def has_looked(ingest: IngestProcess, database: str) -> None:
    """Returns when this ingest's upkeep has run every task, whatever came of it."""
    removed = "select count(*) from upkeep where task = 'skill_changes' and ran_at >= %s"

    async def looked() -> bool:
        assert ingest.returncode is None, ingest.log
        async with await psycopg.AsyncConnection.connect(database) as connection:
            cursor = await connection.execute(removed, [NOW])
            return await cursor.fetchone() == (1,)

    await until(looked, "upkeep", 60)


async def test_nothing_is_deleted_and_it_is_reported(
    database: str,
    ledger: Ledger,
    ingest_environment: Environment,
    tmp_path: Path,
) -> None:
    samples = FLEET.samples(10, random.Random(1))
    history = [
        msgspec.structs.replace(sample, ts=sample.ts - days * DAY)
        for days in (5, 20, 30)
        for sample in samples
    ]
    wrong = ingest_environment(**off_by(400 * DAY))
    # The history first, so that it is there when upkeep looks.
    async with ingest_process(ingest_environment(), tmp_path / "before.log") as ingest:
        await ledger.send([*history, *samples[:100]])
        await ledger.all_stored()
        assert await ingest.stop() == 0
    with psycopg.connect(database) as connection:
        # Due again, and not overdue.
        connection.execute(
            "update upkeep set ran_at = ran_at - interval '90 minutes', "
            "succeeded_at = ran_at - interval '90 minutes'"
        )
    async with ingest_process(wrong, tmp_path / "wrong.log") as ingest:
        await has_looked(ingest, database)
        await ledger.send(samples[100:])
        await ledger.all_stored()
        failures = await ingest.metric('fleetgauge_upkeep_failures_total{task="agent_samples"}')
        assert failures >= 1
        # Its heartbeats are those of the database's clock.
        code, said = await command(ingest_environment(), "doctor")
        assert (code, "problem  ingest" in said) == (3, False), said
        assert "agent_samples failed in its last run: this host's clock (" in said
        assert await ingest.stop() == 0
    assert '"nothing is deleted"' in ingest.log
    assert "timedatectl" in ingest.log

    code, said = await command(wrong, "maintain")
    assert code == 1
    assert said.startswith("fleetgauge: this host's clock (")
    assert "nothing is deleted until they agree within 5 minutes" in said
    code, said = await command(wrong, "doctor")
    assert code == 1
    assert "problem  clock       this host's clock (" in said
    await ledger.settle()

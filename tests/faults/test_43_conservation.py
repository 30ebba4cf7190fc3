"""A rollup that loses rows, by whatever cause: reported within two minutes, repaired exactly."""

import asyncio
import json
import random
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingest.admin.doctor.examine import examine
from ingest.admin.upkeep import Upkeep
from schemas.settings import KafkaSettings
from tests.faults.ledger import Ledger
from tests.faults.load import load
from tests.faults.plugin import Case
from tests.support.ingest_process import ingest_process
from tests.support.oracle import Fleet
from tests.support.service import application, serving
from tests.support.stack import REPOSITORY, Stack, database_settings
from tests.support.waiting import until

# The other edition has its own, tests/community/test_conservation.py.
pytestmark = [
    pytest.mark.edition("apache"),
    pytest.mark.fault(43, "a rollup that loses rows"),
]

HOUR = timedelta(hours=1)
# Of each level, and only what no writer is adding to would be easy.
DAMAGE = {
    "agent_metrics_5m": "delete from rollup_5m where agent_key % 3 = 0",
    "agent_metrics_1h": "delete from rollup_1h where agent_key % 3 = 1",
    "agent_metrics_1d": "update rollup_1d set messages = 0 where agent_key % 3 = 2",
}
REPORTED_S = 120.0
Environment = Callable[..., dict[str, str]]


def history(rng: random.Random) -> list[Any]:
    """Two days of 60 agents."""
    return Fleet(4, 60, datetime.now(UTC) - HOUR, HOUR).samples(48, rng)


def run(database: str, statement: str) -> int:
    with psycopg.connect(database, autocommit=True) as connection:
        return connection.execute(statement.encode()).rowcount


async def repair(environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """`fleetgauge maintain --repair`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(REPOSITORY / "fleetgauge.py"), "maintain", "--repair", "--json"),
        env=dict(environment),
        stdout=PIPE,
        stderr=PIPE,
    )
    output, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    repaired: list[dict[str, Any]] = json.loads(output)
    return repaired


async def findings(database: str, stack: Stack) -> dict[str, list[str | None]]:
    """The levels and repairs of the doctor's finding `conservation`."""
    kafka = KafkaSettings(kafka_bootstrap=stack.kafka_bootstrap)
    found = await examine(database_settings(database), kafka, datetime.now(UTC))
    return {str(f.facts.get("level")): [f.hint] for f in found if f.check == "conservation"}


async def warnings(database: str) -> str:
    async with serving(application(database, datetime.now(UTC))) as client:
        return str((await client.get("/readyz")).json()["warnings"])


async def test_it_is_reported_and_repaired_beside_writers(
    case: Case,
    database: str,
    stack: Stack,
    ledger: Ledger,
    ingest_environment: Environment,
    tmp_path: Path,
    rng: random.Random,
) -> None:
    environment = ingest_environment()
    async with ingest_process(environment, tmp_path / "ingest.log") as ingest:
        await ledger.send(history(rng))
        await ledger.all_stored()
        for _ in range(case.rounds(short=1, long=5)):
            async with load(ledger, rng):
                for level, damage in DAMAGE.items():
                    assert run(database, damage) > 0, level

                async def reported() -> bool:
                    series = "fleetgauge_conservation_difference"
                    found = [await ingest.metric(f'{series}{{level="{name}"}}') for name in DAMAGE]
                    # The metric may still be that of the round before.
                    says = await warnings(database)
                    return all(found) and "Sums differ from the platform's: " in says

                await until(reported, "a difference in each level's metric", REPORTED_S)
                found = await findings(database, stack)
                assert found == {name: ["fleetgauge maintain --repair"] for name in DAMAGE}
                repaired = await repair(environment)
                assert {one["relation"] for one in repaired} >= set(DAMAGE)
                assert await findings(database, stack) == {"None": [None]}
                assert "Sums differ" not in await warnings(database)
        await ledger.all_stored()
        assert await ingest.stop() == 0
    assert await repair(environment) == []
    await ledger.settle()


async def test_late_writers_raise_no_false_alarm(
    case: Case,
    database: str,
    ledger: Ledger,
    ingest_environment: Environment,
    tmp_path: Path,
    rng: random.Random,
) -> None:
    """Two of them, into hours of two days, while the check does nothing but look."""
    environment = ingest_environment(FLEETGAUGE_BATCH_MAX_ROWS="500")
    upkeep = Upkeep(database_settings(database), HOUR)
    async with (
        ingest_process(environment, tmp_path / "first.log") as first,
        ingest_process(environment, tmp_path / "second.log") as second,
    ):
        await first.said('"claimed"')
        await second.said('"claimed"')
        async with load(ledger, rng):
            late = asyncio.create_task(ledger.send(history(rng)))
            for _ in range(case.rounds(short=60, long=1_000)):
                await upkeep.run_due_tasks()
                run(database, "update conservation_progress set took = interval '0'")
                assert run(database, "select from conservation_differences") == 0
            await late
        await ledger.all_stored()
        await upkeep.run_due_tasks()
        assert run(database, "select from conservation_differences") == 0
        assert await first.stop() == 0
        assert await second.stop() == 0
    await ledger.settle()

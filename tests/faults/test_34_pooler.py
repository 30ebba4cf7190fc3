"""PgBouncer before the database: session mode does, and any other is refused by every command."""

import asyncio
import json
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.ledger import Ledger
from tests.faults.load import Business
from tests.support.ingest_process import ingest_process
from tests.support.oracle import Fleet
from tests.support.pgbouncer import pgbouncer
from tests.support.process import fleetgauge
from tests.support.proxy import Trap, proxy_to
from tests.support.serve_process import holder, served

pytestmark = pytest.mark.fault(34, "connection pooler")

Environment = Callable[..., dict[str, str]]
REQUESTS = 40
REFUSED = "set pool_mode = session in PgBouncer"


def says(variables: Mapping[str, str], *words: str) -> tuple[int, str]:
    """The exit status of a command, and what it said."""
    with fleetgauge(variables, *words) as process:
        return process.await_exit(), process.output


async def statuses(variables: Mapping[str, str]) -> list[int]:
    """What `serve` answers to many requests, eight at a time."""
    with served(variables, FLEETGAUGE_ANSWER_CACHE_MS="0") as serving:
        await asyncio.to_thread(serving.await_ready)

        def ask(number: int) -> int:
            path = ("/api/metrics", "/api/metrics/user-0/summary")[number % 2]
            with serving.client() as client:
                return client.get(path, headers=holder("ops", "platform")).status_code

        return [
            status
            for begin in range(0, REQUESTS, 8)
            for status in await asyncio.gather(
                *(asyncio.to_thread(ask, number) for number in range(begin, begin + 8))
            )
        ]


async def test_every_command_in_session_mode(
    database: str,
    ledger: Ledger,
    ingest_environment: Environment,
    tmp_path: Path,
    rng: random.Random,
) -> None:
    with pgbouncer(database, "session") as through:
        variables = ingest_environment(through)
        assert says(variables, "migrate")[0] == 0
        async with ingest_process(variables, tmp_path / "ingest.log") as ingest:
            await ingest.said('"claimed"')
            samples = Fleet(3, 100, datetime.now(UTC), timedelta(minutes=7)).samples(10, rng)
            await ledger.send([*samples, *Business(rng).events(50)])
            await ledger.all_stored()
            assert await statuses(variables) == [200] * REQUESTS
            for command in ("maintain", "doctor"):
                status, output = says(variables, command)
                assert status == 0, output
            assert await ingest.stop() == 0
    await ledger.settle()


async def test_a_zombie_is_ended_behind_a_pooler(
    database: str,
    ledger: Ledger,
    ingest_environment: Environment,
    tmp_path: Path,
    rng: random.Random,
) -> None:
    samples = Fleet(3, 200, datetime.now(UTC), timedelta(minutes=7)).samples(20, rng)
    with pgbouncer(database, "session") as pooled:
        async with (
            proxy_to(pooled) as (proxy, through),
            ingest_process(ingest_environment(through), tmp_path / "zombie.log") as zombie,
        ):
            await zombie.said('"claimed"')
            async with ingest_process(ingest_environment(pooled), tmp_path / "heir.log") as heir:
                await heir.said('"claimed"')
                await zombie.said('"claimed"', times=2)
                trap = proxy.client_trap = Trap(b"PGCOPY\n\xff\r\n\0", after=2_000)
                await ledger.send(samples)
                await trap.sprung.wait()
                zombie.freeze()
                await ledger.all_stored()
                assert await heir.metric("fleetgauge_stale_sessions_ended_total") >= 1
                zombie.wake()
                trap.released.set()
                await zombie.said('"claimed"', times=3)
                assert await heir.stop() == 0
                assert await zombie.stop() == 0
    await ledger.settle()


@pytest.mark.parametrize("mode", ["transaction", "statement"])
async def test_no_command_in_another_mode(
    mode: str, database: str, ledger: Ledger, ingest_environment: Environment, tmp_path: Path
) -> None:
    with pgbouncer(database, mode) as through:
        variables = ingest_environment(through)
        for command in ("migrate", "maintain", "doctor"):
            status, output = says(variables, command)
            assert (status, REFUSED in output) == (1, True), output
        async with ingest_process(variables, tmp_path / "ingest.log") as ingest:
            await ingest.said(REFUSED)
            with served(variables) as serving, serving.client() as client:
                answer = await asyncio.to_thread(client.get, "/readyz")
                assert answer.status_code == 503
                assert "The database rejects this service" in json.loads(answer.text)["reasons"][0]
                await asyncio.to_thread(serving.process.await_line, REFUSED)
            assert await ingest.stop() == 0
    await ledger.settle()

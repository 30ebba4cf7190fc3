"""SIGTERM under load: drained within the deadline, and whoever does not wait loses nothing."""

import asyncio
import random
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.ledger import Ledger
from tests.faults.plugin import Case
from tests.support.ingest_process import ingest_process
from tests.support.oracle import Fleet
from tests.support.proxy import Trap, proxy_to

pytestmark = pytest.mark.fault(13, "SIGTERM under load: ingest")

Environment = Callable[..., dict[str, str]]

NOW = datetime.now(UTC)
FLEET = Fleet(4, 200, NOW, timedelta(minutes=1))
# FLEETGAUGE_DRAIN_TIMEOUT_MS as it is by default, five seconds to leave, and a busy machine.
DEADLINE_S = 10.0 + 5.0 + 5.0


async def test_drained_again_and_again(
    case: Case,
    ledger: Ledger,
    ingest_environment: Environment,
    tmp_path: Path,
    rng: random.Random,
) -> None:
    samples = FLEET.samples(60, rng)
    sending = asyncio.create_task(ledger.send(samples))
    environment = ingest_environment(FLEETGAUGE_BATCH_MAX_ROWS="500")
    for number in range(case.rounds(short=2, long=30)):
        async with ingest_process(environment, tmp_path / f"{number}.log") as ingest:
            await ingest.said('"claimed"')
            # Anywhere in the loop: a random moment is what is tested.
            await asyncio.sleep(rng.uniform(0, 1))
            assert await asyncio.wait_for(ingest.stop(), DEADLINE_S) == 0
            assert '"step abandoned"' not in ingest.log
            assert "Traceback" not in ingest.log
    await sending
    async with ingest_process(environment, tmp_path / "last.log") as ingest:
        await ingest.said('"claimed"')
        await ledger.all_stored()
        assert await ingest.stop() == 0
    await ledger.settle()


async def test_the_second_signal_and_the_deadline_end_it(
    database: str, ledger: Ledger, ingest_environment: Environment, tmp_path: Path
) -> None:
    samples = FLEET.samples(4, random.Random(1))
    async with proxy_to(database) as (proxy, through):
        for number, hasty in enumerate([False, True]):
            patience = {"FLEETGAUGE_DRAIN_TIMEOUT_MS": "1000" if hasty else "60000"}
            environment = ingest_environment(through, **patience)
            async with ingest_process(environment, tmp_path / f"{number}.log") as ingest:
                await ingest.said('"claimed"')
                trap = proxy.client_trap = Trap(b"PGCOPY\n")
                await ledger.send(samples[number * 400 : number * 400 + 400])
                await trap.sprung.wait()
                proxy.freeze()
                began = time.monotonic()
                if hasty:
                    assert await asyncio.wait_for(ingest.stop(), DEADLINE_S) == 0
                else:
                    ingest.signal(signal.SIGTERM)
                    await ingest.said('"stopping"')
                    ingest.signal(signal.SIGTERM)
                    ended = await asyncio.wait_for(ingest.wait(), 5)
                    assert ended == -signal.SIGTERM
                assert time.monotonic() - began < DEADLINE_S
            proxy.client_trap = None
            trap.released.set()
            proxy.thaw()
    async with ingest_process(ingest_environment(), tmp_path / "last.log") as ingest:
        await ledger.all_stored()
        assert await ingest.stop() == 0
    await ledger.settle()

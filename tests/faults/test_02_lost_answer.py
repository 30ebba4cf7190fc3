"""The link to the database is cut about a COMMIT: before it arrives, or before its answer does."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.ledger import Ledger
from tests.faults.plugin import Case
from tests.support.ingest_process import ingest_process
from tests.support.oracle import Fleet
from tests.support.proxy import Trap, proxy_to

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
COMMITTED = b"COMMIT\x00"
STEP = timedelta(seconds=1)

pytestmark = pytest.mark.fault(2, "COMMIT without an answer")


@pytest.mark.parametrize("lost", ["the COMMIT", "its answer"])
async def test_the_stored_offset_decides(
    lost: str,
    case: Case,
    database: str,
    ledger: Ledger,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    rng: random.Random,
) -> None:
    newest = datetime.now(UTC)
    rounds = case.rounds(short=2, long=25)
    async with (
        proxy_to(database) as (proxy, through),
        ingest_process(ingest_environment(through), tmp_path / "ingest.log") as ingest,
    ):
        await ingest.said('"claimed"')
        for cut in range(1, rounds + 1):
            if lost == "the COMMIT":
                trap = proxy.client_trap = Trap(COMMIT, after=-len(COMMIT))
            else:
                trap = proxy.server_trap = Trap(COMMITTED, after=-len(COMMITTED))
            fleet = Fleet(3, 200, newest + cut * STEP, timedelta(minutes=7))
            await ledger.send(fleet.samples(10, rng))
            await trap.sprung.wait()
            proxy.cut()
            await ingest.said('"will try again"', times=cut)
            await ledger.all_stored()
        assert await ingest.stop() == 0
        assert "Traceback" not in ingest.log
    await ledger.settle()

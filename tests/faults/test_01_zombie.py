"""A writer is stopped by SIGSTOP with its partitions held; another takes them; it wakes."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.ingest_process import ingest_process
from tests.oracle import Fleet, all_stored, check_exact, produce
from tests.proxy import Trap, proxy_to
from tests.stack import Stack, Topics

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
PAUSES = {
    # The header of the COPY and some rows have reached the server, which waits for more.
    "mid-COPY": lambda: Trap(b"PGCOPY\n\xff\r\n\0", after=2_000),
    # All statements of the batch are done; the COMMIT is held back.
    "after COPY, before COMMIT": lambda: Trap(COMMIT, after=-len(COMMIT)),
}
DUPLICATES = 'fleetgauge_duplicates_total{type="sample"}'
SUCCESSOR_BOUND_S = 15.0


@pytest.mark.parametrize("pause", PAUSES)
async def test_a_zombie_neither_blocks_nor_doubles(
    pause: str,
    stack: Stack,
    database: str,
    topics: Topics,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    rng: random.Random,
) -> None:
    now = datetime.now(UTC)
    samples = Fleet(3, 200, now, timedelta(minutes=7)).samples(20, rng)
    later = Fleet(3, 200, now + timedelta(minutes=1), timedelta(minutes=7)).samples(2, rng)
    async with (
        proxy_to(database) as (proxy, through),
        ingest_process(ingest_environment(through), tmp_path / "zombie.log") as zombie,
    ):
        await zombie.said('"claimed"')
        async with ingest_process(ingest_environment(), tmp_path / "heir.log") as heir:
            await heir.said('"claimed"')
            await zombie.said('"claimed"', times=2)
            trap = proxy.client_trap = PAUSES[pause]()
            await produce(stack, topics, samples)
            await trap.sprung.wait()
            zombie.freeze()
            frozen_at = time.monotonic()

            await all_stored(stack, database, topics)
            assert time.monotonic() - frozen_at < SUCCESSOR_BOUND_S

            zombie.wake()
            trap.released.set()
            await zombie.said('"claimed"', times=3)
            await produce(stack, topics, later)
            await all_stored(stack, database, topics)
            # The rows' own keys would hide a batch that was written twice: its count does not.
            assert await heir.metric(DUPLICATES) + await zombie.metric(DUPLICATES) == 0
            assert await zombie.metric("fleetgauge_fenced_total") == 1
            assert await heir.stop() == 0
            assert await zombie.stop() == 0
    check_exact(database, samples + later)

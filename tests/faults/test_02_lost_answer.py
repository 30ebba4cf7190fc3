"""The link to the database is cut about a COMMIT: before it arrives, or before its answer does."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.ingest_process import ingest_process
from tests.oracle import Fleet, all_stored, check_exact, produce
from tests.proxy import Trap, proxy_to
from tests.stack import Stack, Topics

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
COMMITTED = b"COMMIT\x00"


@pytest.mark.parametrize("lost", ["the COMMIT", "its answer"])
async def test_the_stored_offset_decides(
    lost: str,
    stack: Stack,
    database: str,
    topics: Topics,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    rng: random.Random,
) -> None:
    samples = Fleet(3, 200, datetime.now(UTC), timedelta(minutes=7)).samples(10, rng)
    async with (
        proxy_to(database) as (proxy, through),
        ingest_process(ingest_environment(through), tmp_path / "ingest.log") as ingest,
    ):
        await ingest.said('"claimed"')
        if lost == "the COMMIT":
            trap = proxy.client_trap = Trap(COMMIT, after=-len(COMMIT))
        else:
            trap = proxy.server_trap = Trap(COMMITTED, after=-len(COMMITTED))
        await produce(stack, topics, samples)
        await trap.sprung.wait()
        proxy.cut()
        await ingest.said('"will try again"')
        await all_stored(stack, database, topics)
        assert await ingest.stop() == 0
        assert "Traceback" not in ingest.log
    check_exact(database, samples)

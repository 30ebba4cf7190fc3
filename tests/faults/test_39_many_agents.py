"""400,000 agent ids, each heard of once: ingest remembers some, and its memory stays as it is."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.events import Sample
from tests.faults.ledger import Ledger
from tests.faults.plugin import Case
from tests.support.ingest_process import IngestProcess, ingest_process

pytestmark = pytest.mark.fault(39, "400,000 agent ids")

AT_ONCE = 20_000
# Of all, those that fill what is remembered, and the room that a process takes for its batches.
BEFORE = 5
ROUNDS = 20
MEBIBYTE = 1024**2
GROWTH = 64 * MEBIBYTE


async def test_memory_is_bounded(
    case: Case, ledger: Ledger, ingest_environment: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    if not case.is_long:
        pytest.skip("a tenth of the ids would show nothing: with --faults-length long")
    case.rounds(short=1, long=1)
    env = ingest_environment(FLEETGAUGE_AGENT_CACHE_SIZE="20000")
    at: list[int] = []
    async with ingest_process(env, tmp_path / "ingest.log") as ingest:
        for number in range(ROUNDS):
            await ledger.send(strangers(number))
            await ledger.all_stored(600)
            at.append(resident(ingest))
        assert await ingest.stop() == 0
    assert max(at[BEFORE:]) - at[BEFORE - 1] < GROWTH, [size // MEBIBYTE for size in at]
    await ledger.settle()


def strangers(number: int) -> list[Sample]:
    """A sample each of agents that nobody has heard of."""
    now = datetime.now(UTC)
    return [
        Sample(
            user_id=f"user-{n % 50}",
            agent_id=f"agent-{number}-{n}",
            ts=now - timedelta(seconds=n % 60),
            cpu=1,
            memory=2,
            messages=3,
            errors=0,
        )
        for n in range(AT_ONCE)
    ]


def resident(ingest: IngestProcess) -> int:
    """Bytes of the process that are in memory."""
    lines = Path(f"/proc/{ingest.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))

"""Records are read again after their samples were stored, added up and dropped."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from tests.faults.deadletters import dead_letters
from tests.faults.ledger import Ledger
from tests.faults.test_27_clock import command
from tests.support.ingest_process import ingest_process
from tests.support.oracle import Fleet, stored_identities

# Raw samples go that no refresh has reached.
pytestmark = [
    pytest.mark.edition("apache"),
    pytest.mark.fault(28, "samples read again"),
]

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
FLEET = Fleet(2, 20, NOW, timedelta(minutes=1))
LEVELS = ("agent_metrics_5m", "agent_metrics_1h", "agent_metrics_1d", "platform_metrics_1h")
SHORTER = {
    "FLEETGAUGE_LATENESS_LIMIT_DAYS": "8",
    "FLEETGAUGE_REFRESH_START_DAYS": "9",
    "FLEETGAUGE_RAW_RETENTION_DAYS": "15",
}


def sums(database: str) -> dict[str, Any]:
    """What each level has counted."""
    with psycopg.connect(database) as connection:
        return {
            level: connection.execute(
                "select sum(samples), sum(messages), sum(errors), sum(cpu_samples) "  # noqa: S608
                f"from {level}".encode()
            ).fetchone()
            for level in LEVELS
        }


async def test_no_sample_counts_twice(
    database: str, ledger: Ledger, ingest_environment: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    recent = FLEET.samples(10, random.Random(1))
    old = [msgspec.structs.replace(sample, ts=sample.ts - 20 * DAY) for sample in recent]
    async with ingest_process(ingest_environment(), tmp_path / "first.log") as ingest:
        await ledger.send([*old, *recent])
        await ledger.all_stored()
        assert await ingest.stop() == 0
    before = sums(database)
    code, said = await command(ingest_environment(**SHORTER), "maintain")
    assert (code, sums(database)) == (0, before), said
    # As `--accept-gap` does it, or offsets that are restored.
    with psycopg.connect(database) as connection:
        connection.execute("truncate ingest_offsets")
    async with ingest_process(ingest_environment(), tmp_path / "again.log") as ingest:
        await ledger.all_stored()
        assert await ingest.stop() == 0
    assert sums(database) == before
    stored = stored_identities(database)
    assert stored.total() == len(recent)
    letters = await dead_letters(ledger.stack, ledger.topics)
    reasons = Counter(dict(r.headers)["fleetgauge.reason"] for r in letters.values())
    assert reasons == {b"expired": len(old)}

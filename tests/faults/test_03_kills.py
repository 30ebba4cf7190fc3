"""A day of samples; SIGKILL anywhere in the loop, many times; all stored once, and answered."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas.events import Sample
from tests.faults.ledger import Ledger
from tests.faults.plugin import Case
from tests.ingest_process import ingest_process
from tests.oracle import Fleet
from tests.service import application, bearer, serving, token

pytestmark = pytest.mark.fault(3, "SIGKILL anywhere in the loop")

RANGES = {
    "24h": (timedelta(hours=1), 24),
    "7d": (timedelta(hours=6), 28),
    "30d": (timedelta(days=1), 30),
}
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


async def test_kills_anywhere_lose_and_double_nothing(
    case: Case,
    database: str,
    ledger: Ledger,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    rng: random.Random,
) -> None:
    now = datetime.now(UTC)
    samples = Fleet(4, 100, now, timedelta(minutes=2)).samples(720, rng)
    resent = rng.sample(samples, 2_000)
    producing = asyncio.create_task(ledger.send(samples + resent))
    environment = ingest_environment(FLEETGAUGE_BATCH_MAX_ROWS="1000")
    for kill in range(case.rounds(short=5, long=50)):
        async with ingest_process(environment, tmp_path / f"{kill}.log") as ingest:
            await ingest.said('"claimed"')
            # Anywhere in the loop: the one place where a random moment is what is tested.
            await asyncio.sleep(rng.uniform(0, 0.4))
            await ingest.kill()
    await producing
    async with ingest_process(environment, tmp_path / "last.log") as ingest:
        await ledger.all_stored()
        assert await ingest.stop() == 0
    await ledger.settle()
    await _check_history(database, samples, now)


async def _check_history(database: str, samples: Iterable[Sample], now: datetime) -> None:
    async with serving(application(database, now)) as client:
        for name, (width, points) in RANGES.items():
            for user in range(4):
                answer = await client.get(
                    f"/api/metrics/user-{user}/historical?range={name}",
                    headers=bearer(token(f"user-{user}", now=now)),
                )
                mine = [sample for sample in samples if sample.user_id == f"user-{user}"]
                assert answer.json()["metrics"] == _history(mine, now, width, points)


def _history(
    samples: Iterable[Sample], now: datetime, width: timedelta, points: int
) -> list[dict[str, Any]]:
    """The contract's points, computed from the samples themselves."""
    last = EPOCH + (now - EPOCH) // width * width
    buckets: dict[datetime, list[Sample]] = defaultdict(list)
    for sample in samples:
        buckets[EPOCH + (sample.ts - EPOCH) // width * width].append(sample)
    return [
        {
            "timestamp": bucket.isoformat().replace("+00:00", "Z"),
            "cpu": _mean(sample.cpu for sample in found),
            "memory": _mean(sample.memory for sample in found),
            "messages": sum(sample.messages for sample in found),
            "errors": sum(sample.errors for sample in found),
        }
        for bucket, found in sorted(buckets.items())
        if last - (points - 1) * width <= bucket <= last
    ]


def _mean(values: Iterable[float]) -> float:
    # The database keeps single precision and adds up in double.
    return round(float(np.mean(np.array(list(values), np.float32), dtype=np.float64)), 2)

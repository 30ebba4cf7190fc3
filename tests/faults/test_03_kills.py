"""A day of samples, and business; SIGKILL anywhere in the loop, many times; all stored once."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas.events import Event, Sample
from tests.faults.ledger import Ledger
from tests.faults.load import Business
from tests.faults.plugin import Case
from tests.support.ingest_process import IngestProcess, ingest_process
from tests.support.oracle import Fleet
from tests.support.proxy import CountingTrap, Proxy, proxy_to
from tests.support.serve_process import holder, served

pytestmark = pytest.mark.fault(3, "SIGKILL anywhere in the loop")

# Of the client and of the server: a claim ends by the 140th and the 220th, a batch of 300 rows has
# some 25 and 50.
MESSAGES = {True: range(60, 360), False: range(100, 560)}
NEVER = 10**9
LONGEST_S = 1.5
FIELDS = ("timestamp", "cpu", "memory", "messages", "errors")
RANGES = {
    "24h": (timedelta(hours=1), 24),
    "7d": (timedelta(hours=6), 28),
    "30d": (timedelta(days=1), 30),
}
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Kill:
    """When a process is killed, and what becomes of what was on its way to the database.

    Before its message of that number, or the server's; or some time after its claim. What was on
    its way arrives, or is lost, or its connection stays open as that of a machine which is gone.
    """

    number: int
    of_client: bool
    after_s: float
    fate: str

    @classmethod
    def anywhere(cls, rng: random.Random) -> "Kill":
        of_client = rng.random() < 0.6
        return cls(
            number=rng.choice(MESSAGES[of_client]) if rng.random() < 0.8 else NEVER,
            of_client=of_client,
            after_s=rng.uniform(0, LONGEST_S),
            fate=rng.choice(["arrives", "lost", "open"]),
        )

    async def inflict(self, ingest: IngestProcess, proxy: Proxy, trap: CountingTrap) -> None:
        sprung = asyncio.create_task(trap.sprung.wait())
        claimed = asyncio.create_task(ingest.said('"claimed"'))
        await asyncio.wait({sprung, claimed}, return_when=asyncio.FIRST_COMPLETED)
        if claimed.done():
            claimed.result()
            # Any moment is what is tested, where no message is.
            await asyncio.wait({sprung}, timeout=self.after_s)
        sprung.cancel()
        claimed.cancel()
        await ingest.kill()
        if self.fate == "arrives":
            trap.released.set()
        elif self.fate == "lost":
            proxy.cut()


@pytest.mark.runs(short=1, long=8)
async def test_kills_anywhere_lose_and_double_nothing(
    run: int,
    case: Case,
    database: str,
    ledger: Ledger,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    rng: random.Random,
) -> None:
    now = datetime.now(UTC)
    kills = case.rounds(short=3, long=26)
    samples = Fleet(4, 3 * kills, now, timedelta(minutes=2)).samples(720, rng)
    parts = _parts([*samples, *Business(rng).events(100 * kills)], kills, rng)
    small = {"FLEETGAUGE_BATCH_MAX_ROWS": "300", "FLEETGAUGE_CLAIM_PATIENCE_MS": "1000"}
    async with proxy_to(database) as (proxy, through):
        for number, part in enumerate(parts):
            kill = Kill.anywhere(rng)
            trap = CountingTrap(kill.number, of_client=kill.of_client)
            proxy.client_trap, proxy.server_trap = (trap, None) if kill.of_client else (None, trap)
            # A group waits six seconds for a dead member: one of four does, others find a new one.
            group = f"{ledger.topics.samples}-{number - (number % 4 == 3)}"
            environment = ingest_environment(through, FLEETGAUGE_CONSUMER_GROUP=group, **small)
            sending = asyncio.create_task(ledger.send(part))
            async with ingest_process(environment, tmp_path / f"{number}.log") as ingest:
                await kill.inflict(ingest, proxy, trap)
            await sending
        async with ingest_process(ingest_environment(), tmp_path / "last.log") as ingest:
            # All may be stored before it is there to be stopped.
            await ingest.said('"claimed"')
            await ledger.all_stored()
            assert await ingest.stop() == 0
    await ledger.settle()
    await asyncio.to_thread(_check_history, ingest_environment(), samples)


def _parts(events: list[Event], number: int, rng: random.Random) -> Iterator[list[Event]]:
    """The events, and some of them again, in so many parts."""
    for place in range(number):
        part = events[place * len(events) // number : (place + 1) * len(events) // number]
        yield part + rng.sample(part, len(part) // 30)


def _check_history(environment: dict[str, str], samples: Sequence[Sample]) -> None:
    with served(environment) as serving, serving.client() as client:
        for name, (width, points) in RANGES.items():
            for user in (f"user-{number}" for number in range(4)):
                before = datetime.now(UTC)
                path = f"/api/metrics/{user}/historical?range={name}"
                found = client.get(path, headers=holder(user)).json()["metrics"]
                history = [{field: point[field] for field in FIELDS} for point in found]
                mine = [sample for sample in samples if sample.user_id == user]
                # A bucket may have begun meanwhile.
                moments = (before, datetime.now(UTC))
                assert history in [_history(mine, now, width, points) for now in moments]


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


def _mean(values: Iterable[float | None]) -> float:
    """Over those that have the figure, 0 where none has."""
    # The database keeps single precision and adds up in double.
    known = np.array([value for value in values if value is not None], np.float32)
    return round(float(np.mean(known, dtype=np.float64)), 2) if known.size else 0.0

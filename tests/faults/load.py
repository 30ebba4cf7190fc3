"""Events without an end: a fleet that samples, and business that goes on meanwhile."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final

from schemas.events import (
    AgentStatus,
    Booking,
    BookingStatus,
    Deployment,
    DeploymentStatus,
    Event,
    Fan,
    Payment,
    Play,
    Segment,
    Skill,
    Status,
)
from tests.faults.ledger import Ledger
from tests.support.oracle import Fleet

BOOKINGS: Final[Sequence[BookingStatus]] = ("pending", "completed", "cancelled")
DEPLOYMENTS: Final[Sequence[DeploymentStatus]] = ("pending", "succeeded", "failed")
SEGMENTS: Final[Sequence[Segment]] = ("superfan", "casual", "new")
STATUSES: Final[Sequence[AgentStatus]] = ("running", "stopped", "failed", "removed")
STEP = timedelta(milliseconds=50)
PERIOD_S = 0.5


class Business:
    """Payments and plays with their own ids; states of a few things, over and over, and at
    times that meet."""

    def __init__(self, rng: random.Random, users: int = 4) -> None:
        self._rng = rng
        self._users = users
        self._ids = count()
        self._today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self._kinds: Sequence[Callable[[str, datetime], Event]] = [
            *(self._payment, self._play, self._booking, self._fan, self._skill),
            *(self._deployment, self._status),
        ]

    def events(self, number: int) -> list[Event]:
        """So many events of any kind, of the last 32 days: no upkeep has come to them."""
        return [self._event() for _ in range(number)]

    def _event(self) -> Event:
        user = f"user-{self._rng.randrange(self._users)}"
        ts = self._today - timedelta(minutes=self._rng.randrange(32 * 24 * 60))
        return self._rng.choice(self._kinds)(user, ts)

    def _some(self, kind: str, number: int) -> str:
        return f"{kind}-{self._rng.randrange(number)}"

    def _payment(self, user: str, ts: datetime) -> Event:
        return Payment(
            user_id=user,
            ts=ts,
            payment_id=f"payment-{next(self._ids)}",
            amount=self._rng.randrange(-1_000, 100_000),
            currency=self._rng.choice(["USD", "EUR"]),
        )

    def _play(self, user: str, ts: datetime) -> Event:
        return Play(
            user_id=user,
            ts=ts,
            play_id=f"play-{next(self._ids)}",
            listener_id=self._some("listener", 50),
            count=self._rng.randrange(1, 5),
        )

    def _booking(self, user: str, ts: datetime) -> Event:
        status = self._rng.choice(BOOKINGS)
        return Booking(user_id=user, ts=ts, booking_id=self._some("booking", 50), status=status)

    def _fan(self, user: str, ts: datetime) -> Event:
        segment = self._rng.choice(SEGMENTS)
        return Fan(user_id=user, ts=ts, fan_id=self._some("fan", 50), segment=segment)

    def _skill(self, user: str, ts: datetime) -> Event:
        is_active = self._rng.random() < 0.5
        return Skill(user_id=user, ts=ts, skill_id=self._some("skill", 20), active=is_active)

    def _deployment(self, user: str, ts: datetime) -> Event:
        return Deployment(
            user_id=user,
            ts=ts,
            deployment_id=self._some("deployment", 20),
            agent_id=self._some("agent", 20),
            status=self._rng.choice(DEPLOYMENTS),
        )

    def _status(self, user: str, ts: datetime) -> Event:
        status = self._rng.choice(STATUSES)
        return Status(user_id=user, ts=ts, agent_id=self._some("agent", 20), status=status)


@asynccontextmanager
async def load(ledger: Ledger, rng: random.Random) -> AsyncIterator[None]:
    """Sends 1,000 samples of 200 agents and 50 other events, twice a second at most, until the
    end of the block."""
    sending = asyncio.create_task(_send_on(ledger, rng, enough := asyncio.Event()))
    try:
        yield
    finally:
        enough.set()
        await sending


async def _send_on(ledger: Ledger, rng: random.Random, enough: asyncio.Event) -> None:
    business = Business(rng)
    newest = datetime.now(UTC)
    while not enough.is_set():
        newest += STEP
        fleet = Fleet(4, 200, newest, timedelta(minutes=5))
        await asyncio.gather(
            ledger.send([*fleet.samples(5, rng), *business.events(50)]),
            asyncio.sleep(PERIOD_S),
        )

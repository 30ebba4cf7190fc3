"""The emitter's clock, a Protocol so that tests inject their own."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The system time and a monotonic clock."""

    def now(self) -> datetime:
        """The system time, in UTC."""

    def monotonic(self) -> float:
        """Seconds from any origin; never goes back."""

    async def sleep_until(self, monotonic: float) -> None:
        """Returns when `monotonic()` has reached this value."""


class SystemClock:
    """This machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep_until(self, monotonic: float) -> None:
        await asyncio.sleep(max(0.0, monotonic - time.monotonic()))

"""Ends a process that cannot get on, so that whoever runs it starts another.

A database that is away is no reason: a new process would wait for it just the same.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog

from ingest import metrics
from schemas.runtime.exits import STALLED

log = structlog.get_logger("ingest")

# Of a second each. Ticks and not the clock: a process that was stopped has had no time to get on.
TICK_S: Final = 1.0
HANG_TICKS: Final = 60


class Watchdog:
    """Counts the ticks since ingest last got on or had nothing to do, and since the loop last ran.

    `end` ends the process at once, with a status; nothing else is certain to work then.
    """

    def __init__(
        self, stall_s: float, end: Callable[[int], object] = os._exit, tick_s: float = TICK_S
    ) -> None:
        self._stall_ticks = stall_s / TICK_S
        self._end = end
        self._tick_s = tick_s
        self._over = threading.Event()
        self._standing = 0
        self._hanging = 0

    def reassure(self) -> None:
        """Ingest has got on, has nothing to do, or waits for a database that is away."""
        self._standing = 0

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watches this loop within."""
        thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        beating = asyncio.create_task(self._beat())
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            beating.cancel()

    async def _beat(self) -> None:
        while True:
            self._hanging = 0
            await asyncio.sleep(self._tick_s / 2)

    def _watch(self) -> None:
        while not self._over.wait(self._tick_s):
            self._standing += 1
            self._hanging += 1
            metrics.STALLED_SECONDS.set(self._standing * TICK_S)
            if self._hanging >= HANG_TICKS:
                self._give_up("the event loop hangs", self._hanging)
            elif self._standing >= self._stall_ticks:
                self._give_up("no progress", self._standing)

    def _give_up(self, what: str, ticks: int) -> None:
        log.critical("given up, to be started again", reason=what, seconds=round(ticks * TICK_S))
        self._end(STALLED)

"""Ends a process that makes no progress, so that its supervisor restarts it.

An unavailable database does not count: a new process would wait for it too.
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

# One second each. Ticks instead of a clock: a suspended process must not count as stalled.
TICK_S: Final = 1.0
HANG_TICKS: Final = 60


class Watchdog:
    """Counts the ticks since the last progress or idle state, and since the event loop last ran.

    `end` exits the process immediately with a status, because an orderly stop may hang.
    """

    def __init__(
        self, stall_s: float, end: Callable[[int], object] = os._exit, tick_s: float = TICK_S
    ) -> None:
        self._stall_ticks = stall_s / TICK_S
        self._end = end
        self._tick_s = tick_s
        self._over = threading.Event()
        self._stalled = 0
        self._hanging = 0

    def reassure(self) -> None:
        """Ingest made progress, is idle, or waits for an unavailable database."""
        self._stalled = 0

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watches the running event loop."""
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
            self._stalled += 1
            self._hanging += 1
            metrics.STALLED_SECONDS.set(self._stalled * TICK_S)
            if self._hanging >= HANG_TICKS:
                self._exit("the event loop hangs", self._hanging)
            elif self._stalled >= self._stall_ticks:
                self._exit("no progress", self._stalled)

    def _exit(self, reason: str, ticks: int) -> None:
        log.critical("exiting to be restarted", reason=reason, seconds=round(ticks * TICK_S))
        self._end(STALLED)

"""A loop that hangs, work that stands still: each ends the process, and nothing else does."""

import asyncio
import threading
import time

import pytest
from prometheus_client import REGISTRY

from ingest import watchdog as module
from ingest.watchdog import Watchdog
from schemas.runtime.exits import STALLED

TICK_S = 0.01


class End:
    """Stands for the process's end."""

    def __init__(self) -> None:
        self.come = threading.Event()
        self.statuses: list[int] = []

    def __call__(self, status: int) -> None:
        self.statuses.append(status)
        self.come.set()


async def test_who_does_not_get_on_is_ended() -> None:
    end = End()
    async with Watchdog(20, end, TICK_S).watching():
        assert await asyncio.to_thread(end.come.wait, 10)
    assert end.statuses[0] == STALLED
    assert (REGISTRY.get_sample_value("fleetgauge_stalled_seconds") or 0) >= 20


async def test_who_gets_on_is_not() -> None:
    end = End()
    dog = Watchdog(50, end, TICK_S)
    async with dog.watching():
        for _ in range(100):
            await asyncio.sleep(TICK_S)
            dog.reassure()
    assert end.statuses == []


async def test_a_loop_that_hangs_is_ended_though_it_got_on_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "HANG_TICKS", 20)
    end = End()
    async with Watchdog(1_000_000, end, TICK_S).watching():
        await asyncio.sleep(60 * TICK_S)
        assert end.statuses == []
        # What hangs is the point.
        time.sleep(100 * TICK_S)  # noqa: ASYNC251
    assert end.statuses[:1] == [STALLED]


async def test_nobody_is_ended_once_it_is_over() -> None:
    end = End()
    async with Watchdog(5, end, TICK_S).watching():
        pass
    assert not await asyncio.to_thread(end.come.wait, 20 * TICK_S)

"""Ticks do not drift, and what is over is left out."""

from itertools import repeat

import pytest

from emit.schedule import ticks
from tests.unit.emit.clocks import FakeClock


async def seen(clock: FakeClock, interval_s: float, work_s: list[float]) -> list[float]:
    """When each tick came, where the consumer works this long after each."""
    moments = []
    schedule = ticks(clock, interval_s)
    for work in work_s:
        await anext(schedule)
        moments.append(clock.monotonic())
        clock.pass_by(work)
    return moments


@pytest.mark.parametrize(
    ("interval_s", "work_s", "expected"),
    [
        (1.0, [0.0, 0.0, 0.0], [1, 2, 3]),
        (1.0, [0.4, 0.9, 0.1], [1, 2, 3]),
        (1.0, [2.5, 0.0, 0.0], [1, 4, 5]),
        (2.0, [1.9, 2.1, 0.0], [2, 4, 8]),
    ],
    ids=["idle", "work within", "two ticks missed", "one tick missed"],
)
async def test_ticks_keep_to_the_grid(
    interval_s: float, work_s: list[float], expected: list[float]
) -> None:
    assert await seen(FakeClock(), interval_s, work_s) == expected


async def test_many_tenths_end_on_time() -> None:
    clock = FakeClock()
    schedule = ticks(clock, 0.1)
    for _ in repeat(None, 10_000):
        number = await anext(schedule)
        clock.pass_by(0.03)
    assert number == 10_000
    assert clock.slept_until[-1] == pytest.approx(1_000.0)

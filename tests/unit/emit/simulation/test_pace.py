"""Events go evenly, never faster than allowed."""

import pytest

from emit.simulation.pace import Pace
from tests.unit.emit.clocks import FakeClock


@pytest.mark.parametrize(("rate", "seconds"), [(10.0, 9.0), (100.0, 0.9), (0.5, 180.0)])
async def test_so_many_events_take_so_long(rate: float, seconds: float) -> None:
    clock = FakeClock()
    pace = Pace(clock, rate)
    for _ in range(10):
        await pace.turn(10)
    assert clock.passed_s == pytest.approx(seconds)


async def test_idle_time_is_not_made_up_for() -> None:
    clock = FakeClock()
    pace = Pace(clock, 10.0)
    await pace.turn(10)
    clock.pass_by(100)
    await pace.turn(10)
    await pace.turn(10)
    assert clock.passed_s == 101


async def test_without_a_limit_nothing_waits() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    for _ in range(10):
        await pace.turn(1_000_000)
    assert clock.passed_s == 0


@pytest.mark.parametrize(("rate", "flight"), [(0.2, 1.0), (500.0, 500.0)])
def test_a_flight_is_a_second_of_events(rate: float, flight: float) -> None:
    assert Pace(FakeClock(), rate).flight == flight

"""The history leaves nothing out and counts nothing twice, wherever it is cut."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from emit.simulation.history import flights, history, windows
from emit.simulation.moments import DAY_US, MINUTE_US, SECOND_US, micros, time_of
from schemas.events import Event, Payment, Sample
from tests.unit.emit.simulation.fleets import NOW, past, planned, simulated


def payment(n: int) -> Event:
    return Payment(user_id="u", ts=NOW, payment_id=f"p{n}", amount=n, currency="EUR")


def test_windows_end_at_midnights() -> None:
    begin = micros(datetime(2026, 3, 8, 6, tzinfo=UTC))
    cut = windows(begin, begin + 2 * DAY_US)
    assert [f"{time_of(first):%d-%H} {time_of(last):%d-%H}" for first, last in cut] == [
        "08-06 09-00",
        "09-00 10-00",
        "10-00 10-06",
    ]


@pytest.mark.parametrize(("most", "sizes"), [(4, [4, 4, 2]), (5, [5, 5]), (100, [10])])
def test_flights_keep_every_event_in_order(most: int, sizes: list[int]) -> None:
    portions = [[payment(0)], [], [payment(n) for n in range(1, 9)], [payment(9)]]
    flown = list(flights(portions, most))
    assert [len(flight) for flight in flown] == sizes
    assert [e for flight in flown for e in flight] == [e for portion in portions for e in portion]


def test_a_stage_has_as_many_portions_as_it_says() -> None:
    of = planned(3, 2, backfill="2d")
    for stage in history(simulated(of), of):
        assert len(list(stage.events)) == stage.portions


def test_every_five_minutes_of_a_running_agent_have_a_sample() -> None:
    of = planned(10, 2, backfill="3d")
    buckets = defaultdict(set)
    for event in past(of):
        if isinstance(event, Sample):
            buckets[event.agent_id].add(micros(event.ts) // (5 * MINUTE_US))
    full = 3 * 288
    longest = max(len(seen) for seen in buckets.values())
    assert longest in {full, full + 1}


@pytest.mark.parametrize("interval_s", [1, 60, 300, 420])
def test_from_coarse_to_live_no_time_is_left_out_or_counted_twice(interval_s: float) -> None:
    """Each sample speaks for the time since the one before it."""
    of = planned(4, 1, interval_s=interval_s, backfill="2h")
    live = simulated(of).events(micros(NOW), micros(NOW + timedelta(hours=1)))
    times = defaultdict(list)
    for event in [*past(of), *live]:
        if isinstance(event, Sample):
            times[event.agent_id].append(micros(event.ts))
    gaps = {b - a for agent in times.values() for a, b in pairwise(agent)}
    assert gaps == {max(of.backfill_interval_us, of.interval_us), of.interval_us}


def test_a_restart_repeats_the_live_samples_times() -> None:
    """The coarse samples of a second run are duplicates where the first one was live."""
    of = planned(4, 1, interval_s=10, backfill="1h")
    fleet = simulated(of)
    begin, end = micros(NOW), micros(NOW + timedelta(hours=1))
    for life in fleet.lives:
        live = {event.ts for event in life.samples(begin, end, 10 * SECOND_US)}
        assert {event.ts for event in life.samples(begin, end, 5 * MINUTE_US)} <= live

"""A simulated fleet is decided by its seed and the time, and sends what the contract allows."""

import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emit.simulation.fleet import SimulatedFleet
from emit.simulation.moments import HOUR_US, micros, time_of
from emit.simulation.scenario import Words, scenario
from schemas import events as contract
from schemas.events import Event, Sample
from tests.unit.emit.simulation.fleets import LIMIT, NOW, encoded, past, planned

ELSEWHERE = """
from hashlib import sha256
from tests.unit.emit.simulation.fleets import encoded, planned
print(sha256(encoded(planned(5, 2, backfill="3d"))).hexdigest())
"""
MARCH_US = micros(NOW)
Value = tuple[str, object]


def small(seed: int = 1) -> bytes:
    return encoded(planned(5, 2, backfill="3d", seed=seed))


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert small() == small()


@pytest.mark.parametrize("hash_seed", ["0", "77"])
def test_another_process_gives_the_same_bytes(hash_seed: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == sha256(small()).hexdigest()


def test_another_seed_gives_other_bytes() -> None:
    assert small() != small(seed=2)


def test_windows_may_be_cut_anywhere_and_asked_for_in_any_order() -> None:
    fleet = SimulatedFleet(1, 4, 2, HOUR_US // 60)
    end_us = MARCH_US + 40 * HOUR_US
    whole = fleet.events(MARCH_US, end_us)
    cuts = [MARCH_US, MARCH_US + 1, MARCH_US + 7 * HOUR_US + 5, MARCH_US + 33 * HOUR_US, end_us]
    parts = [fleet.events(begin, end) for begin, end in reversed(list(pairwise(cuts)))]
    assert Counter(map(_bytes, whole)) == Counter(_bytes(one) for part in parts for one in part)


def test_a_later_start_repeats_the_same_business() -> None:
    """So payments that were sent before are known again."""

    def business(later: timedelta) -> set[bytes]:
        words = Words(agents=3, users=2, interval_s=60, backfill="5d")
        of = scenario(words, NOW + later, LIMIT)
        first, last = NOW - timedelta(days=4), NOW
        events = (e for e in past(of) if not isinstance(e, Sample) and first <= e.ts < last)
        return set(map(_bytes, events))

    assert len(business(timedelta())) > 100
    assert business(timedelta()) == business(timedelta(hours=5))


@settings(max_examples=60)
@given(
    seed=st.integers(),
    agents=st.integers(1, 12),
    users=st.integers(1, 5),
    begin=st.integers(micros(NOW) - 10_000 * HOUR_US, micros(NOW) + 100_000 * HOUR_US),
    minutes=st.integers(1, 4_000),
)
def test_any_fleet_sends_valid_events_in_its_window(
    seed: int, agents: int, users: int, begin: int, minutes: int
) -> None:
    end = begin + minutes * HOUR_US // 60
    found = SimulatedFleet(seed, agents, users, HOUR_US // 12).events(begin, end)
    decoded = msgspec.json.decode(msgspec.json.encode(found), type=list[Event])
    assert decoded == found
    assert all(time_of(begin) <= event.ts < time_of(end) for event in found)
    times = defaultdict(list)
    for event in found:
        if isinstance(event, Sample):
            times[event.user_id, event.agent_id].append(event.ts)
    assert all(a < b for agent in times.values() for a, b in pairwise(agent))


@pytest.fixture(scope="module")
def month() -> list[Event]:
    """The history of a fleet of fifty."""
    return list(past(planned()))


def test_every_type_and_every_value_occurs_in_a_month(month: list[Event]) -> None:
    begin = NOW - timedelta(days=30)
    assert {_value(event) for event in month if event.ts >= begin} == {
        ("Sample", None),
        ("Payment", None),
        ("Play", None),
        *_all("Status", contract.AgentStatus),
        *_all("Deployment", contract.DeploymentStatus),
        *_all("Booking", contract.BookingStatus),
        *_all("Fan", contract.Segment),
        ("Skill", True),
        ("Skill", False),
    }


def test_samples_keep_to_the_backfill_and_business_reaches_back_further(
    month: list[Event],
) -> None:
    samples = [event.ts for event in month if isinstance(event, Sample)]
    others = [event.ts for event in month if isinstance(event, contract.Payment)]
    assert NOW - timedelta(days=30) <= min(samples) < NOW - timedelta(days=29, hours=23)
    assert NOW - timedelta(minutes=2) < max(samples) < NOW
    assert NOW - timedelta(days=180) <= min(others) < NOW - timedelta(days=178)


def test_ids_of_payments_plays_and_deployments_are_never_used_twice(month: list[Event]) -> None:
    ids = Counter(
        (event.user_id, identity)
        for event in month
        if (identity := getattr(event, "payment_id", None) or getattr(event, "play_id", None))
    )
    assert ids.most_common(1)[0][1] == 1


def test_an_agent_is_silent_while_it_is_stopped(month: list[Event]) -> None:
    states, samples = defaultdict(list), defaultdict(list)
    for event in month:
        if isinstance(event, contract.Status):
            states[event.agent_id].append(event)
        elif isinstance(event, Sample):
            samples[event.agent_id].append(event.ts)
    outages = [
        (agent, first, then)
        for agent, changes in states.items()
        for first, then in pairwise(changes)
        if first.status in {"stopped", "failed"}
    ]
    assert len(outages) > 100
    for agent, first, then in outages:
        assert (then.status, bool(first.reason)) == ("running", True)
        assert not [ts for ts in samples[agent] if first.ts <= ts < then.ts]


def test_who_is_removed_sends_no_more_and_has_a_successor(month: list[Event]) -> None:
    removed = {
        event.agent_id: event.ts
        for event in month
        if isinstance(event, contract.Status) and event.status == "removed"
    }
    samples = [event for event in month if isinstance(event, Sample)]
    assert removed
    for agent_id, ts in removed.items():
        assert not [s for s in samples if s.agent_id == agent_id and s.ts >= ts]
        name, _, generation = agent_id.partition(".")
        successor = f"{name}.{int(generation) + 1}"
        assert [s for s in samples if s.agent_id == successor]


def _bytes(event: Event) -> bytes:
    return msgspec.json.encode(event)


def _all(kind: str, values: object) -> set[Value]:
    return {(kind, value) for value in get_args(values)}


def _value(event: Event) -> Value:
    names = [name for name in ("status", "segment", "active") if hasattr(event, name)]
    return type(event).__name__, getattr(event, names[0]) if names else None

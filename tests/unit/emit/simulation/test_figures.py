"""A simulated fleet looks alive: every figure of the dashboards has something behind it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from statistics import correlation, fmean
from typing import Any, TypeVar

import pytest

from schemas.events import Booking, Deployment, Event, Fan, Payment, Play, Sample, Skill
from tests.unit.emit.simulation.fleets import NOW, past, planned

USERS = [f"user-{n}" for n in range(1, 6)]
E = TypeVar("E", bound=Event)


@pytest.fixture(scope="module")
def month() -> list[Event]:
    """The history of a fleet of fifty, with business of half a year."""
    return list(past(planned()))


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def of(events: Iterable[Event], kind: type[E], user: str) -> list[E]:
    return [event for event in events if isinstance(event, kind) and event.user_id == user]


def newest(events: Iterable[Any], identity: str, until: datetime = NOW) -> dict[str, Any]:
    """The newest state of each id at a time."""
    known = [event for event in events if event.ts <= until]
    return {getattr(e, identity): e for e in sorted(known, key=lambda event: event.ts)}


def change(now: float, before: float) -> float:
    """Percent."""
    return 100 * (now - before) / before


@pytest.mark.parametrize("user", USERS)
def test_revenue_grows_or_shrinks_in_one_main_currency(month: list[Event], user: str) -> None:
    payments = of(month, Payment, user)
    currencies = Counter(payment.currency for payment in payments)
    main, often = currencies.most_common(1)[0]
    assert 0.9 < often / len(payments) < 1
    assert 0.005 < fmean(payment.amount < 0 for payment in payments) < 0.08
    this_month = datetime(NOW.year, NOW.month, 1, tzinfo=NOW.tzinfo)
    last_month = datetime(NOW.year, NOW.month - 1, 1, tzinfo=NOW.tzinfo)
    span = NOW - this_month
    mine = [p for p in payments if p.currency == main]
    now, before = (
        sum(p.amount for p in mine if begin <= p.ts < begin + span)
        for begin in (this_month, last_month)
    )
    assert 0 < abs(change(now, before)) < 150


@pytest.mark.parametrize("user", USERS)
def test_bookings_are_decided_one_way_or_the_other(month: list[Event], user: str) -> None:
    states = Counter(
        booking.status for booking in newest(of(month, Booking, user), "booking_id").values()
    )
    assert 0.5 < states["completed"] / states.total() < 0.9
    assert 0 < states["pending"] / states.total() < 0.1
    assert states["cancelled"]


@pytest.mark.parametrize("user", USERS)
def test_fans_grow_and_are_of_all_segments(month: list[Event], user: str) -> None:
    fans = of(month, Fan, user)
    now, before = newest(fans, "fan_id"), newest(fans, "fan_id", days_ago(30))
    assert 2 < change(len(now), len(before)) < 60
    active = {fan.fan_id for fan in fans if fan.ts >= days_ago(30)}
    assert 0.1 < len(active) / len(now) < 0.8
    assert set(Counter(fan.segment for fan in now.values())) == {"superfan", "casual", "new"}


@pytest.mark.parametrize("user", USERS)
def test_some_listeners_play_much_more_than_others(month: list[Event], user: str) -> None:
    plays = of(month, Play, user)
    recent = [play for play in plays if play.ts >= days_ago(30)]
    before = [play for play in plays if days_ago(60) <= play.ts < days_ago(30)]
    streams = sum(play.count for play in recent)
    assert 0.05 < abs(change(streams, sum(play.count for play in before))) < 60
    listeners: Counter[str] = Counter()
    for play in recent:
        listeners[play.listener_id] += play.count
    assert len(listeners) > 50
    assert listeners.most_common(1)[0][1] > 10 * fmean(listeners.values())


def test_skills_are_switched_on_and_off(month: list[Event]) -> None:
    growth = []
    for user in USERS:
        skills = of(month, Skill, user)
        now, before = newest(skills, "skill_id"), newest(skills, "skill_id", days_ago(7))
        active, earlier = (sum(s.active for s in state.values()) for state in (now, before))
        assert 0 < active < len(now) + 1
        growth.append(change(active, earlier))
    assert len(set(growth)) > 1


def test_deployments_mostly_succeed_and_failed_ones_precede_trouble(month: list[Event]) -> None:
    last = newest((e for e in month if isinstance(e, Deployment)), "deployment_id")
    states = Counter(deployment.status for deployment in last.values())
    assert 0.7 < states["succeeded"] / states.total() < 0.97
    failed = [deployment for deployment in last.values() if deployment.status == "failed"]
    errors = []
    for deployment in failed:
        hour = (deployment.ts, deployment.ts + timedelta(minutes=30))
        mine = [
            s
            for s in month
            if isinstance(s, Sample)
            and s.agent_id == deployment.agent_id
            and hour[0] < s.ts <= hour[1]
        ]
        errors.append(sum(s.errors for s in mine) / max(1, sum(s.messages for s in mine)))
    assert fmean(errors) > 0.1


@pytest.mark.parametrize("user", USERS)
def test_days_are_busier_than_nights_and_weekends(month: list[Event], user: str) -> None:
    hours, days = defaultdict(list), defaultdict(list)
    for sample in of(month, Sample, user):
        hours[sample.ts.hour].append(sample.messages)
        days[sample.ts.weekday()].append(sample.messages)
    by_hour = [fmean(found) for found in hours.values()]
    assert max(by_hour) > 3 * min(by_hour)
    # Where clocks are far from UTC, a weekend's edge is in its neighbours.
    assert min(fmean(days[day]) for day in range(1, 4)) > max(fmean(days[day]) for day in (5, 6))


def agents(month: list[Event]) -> Iterator[list[Sample]]:
    found = defaultdict(list)
    for event in month:
        if isinstance(event, Sample):
            found[event.agent_id].append(event)
    return (samples for samples in found.values() if len(samples) > 8_000)


def test_what_an_agent_uses_follows_its_load(month: list[Event]) -> None:
    for samples in agents(month):
        coarse = [s for s in samples if s.response_ms is not None and s.messages > 5][:8_000]
        load = [s.messages for s in coarse]
        assert correlation(load, [s.cpu or 0 for s in coarse]) > 0.7
        assert correlation(load, [s.response_ms or 0 for s in coarse]) > 0.3
        assert correlation(load, [s.memory or 0 for s in coarse]) > 0.2


def test_agents_differ_in_size_and_their_storage_is_cleaned_up(month: list[Event]) -> None:
    sizes = set()
    for samples in agents(month):
        used = [sample.storage_used_mb or 0 for sample in samples]
        total = samples[0].storage_total_mb or 0
        sizes.add(total)
        assert 0.25 * total < min(used) < 0.4 * total < 0.8 * total < max(used) < 0.95 * total
    assert len(sizes) > 2


def test_errors_are_rare_and_come_in_bursts(month: list[Event]) -> None:
    samples = [event for event in month if isinstance(event, Sample) and event.messages > 50]
    rates = sorted(sample.errors / sample.messages for sample in samples)
    assert rates[len(rates) // 2] < 0.01
    assert rates[-len(rates) // 400] > 0.05
    assert 0.002 < sum(s.errors for s in samples) / sum(s.messages for s in samples) < 0.02

"""The summary of a user, computed from all events in plain Python: slow, and easy to check."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, TypeVar

from schemas.events import Booking, Event, Fan, Payment, Play, Skill

Kind = TypeVar("Kind", bound=Event)
DAY = timedelta(days=1)
RANKS = {
    "booking": ["pending", "completed", "cancelled"],
    "fan": ["superfan", "casual", "new"],
}


def summary(events: Sequence[Event], now: datetime) -> dict[str, Any]:
    """The whole response. Payments and plays count once by their id."""
    return {
        "revenue": revenue(_once(_of(events, Payment), "payment_id"), now),
        "bookings": bookings(_of(events, Booking)),
        "fans": fans(_of(events, Fan), now.date()),
        "streams": streams(_once(_of(events, Play), "play_id"), now.date()),
        "skills": skills(_of(events, Skill), now),
    }


def _of(events: Iterable[Event], kind: type[Kind]) -> list[Kind]:
    return [event for event in events if isinstance(event, kind)]


def _once(events: Iterable[Kind], name: str) -> list[Kind]:
    return list({getattr(event, name): event for event in events}.values())


def revenue(payments: list[Payment], now: datetime) -> dict[str, Any]:
    past = [payment for payment in payments if payment.ts <= now]
    counts = Counter(payment.currency for payment in past)
    ranking = sorted(counts, key=lambda code: (-counts[code], code)) or ["USD"]
    totals = [_totals(code, [p for p in past if p.currency == code], now) for code in ranking]
    own = [payment for payment in past if payment.currency == ranking[0]]
    month = sum(p.amount for p in own if _month(p.ts) == _month(now))
    base = sum(p.amount for p in own if _in_last_month_so_far(p.ts, now))
    return {**totals[0], "change": percent(month, base), "others": totals[1:]}


# Symbol, with the space after a code, and decimals.
CURRENCIES = {
    "USD": ("$", 2),
    "EUR": ("€", 2),
    "JPY": ("¥", 0),
    "BHD": ("BHD\N{NO-BREAK SPACE}", 3),
}


def _totals(code: str, payments: list[Payment], now: datetime) -> dict[str, Any]:
    month = sum(p.amount for p in payments if _month(p.ts) == _month(now))
    total = sum(p.amount for p in payments)
    minor = {"month": month, "total": total, "decimals": CURRENCIES[code][1]}
    texts = {"month": money(month, code), "total": money(total, code)}
    return {"currency": code, **texts, "minorUnits": minor}


def _month(ts: datetime) -> int:
    return ts.year * 12 + ts.month


def _in_last_month_so_far(ts: datetime, now: datetime) -> bool:
    """A day that last month does not have counts as after its last day."""
    return _month(ts) == _month(now) - 1 and (ts.day, ts.time()) <= (now.day, now.time())


def money(minor: int, code: str) -> str:
    symbol, digits = CURRENCIES[code]
    amount = Decimal(abs(minor)).scaleb(-digits)
    return f"{'-' if minor < 0 else ''}{symbol}{amount:,.{digits}f}"


def percent(now: int, base: int) -> str:
    if base <= 0:
        return "+0.0%"
    exact = Decimal(100) * (now - base) / base
    tenths = exact.quantize(Decimal("0.1"), ROUND_HALF_EVEN)
    return f"{tenths:+}%" if tenths else "+0.0%"


def bookings(events: list[Booking]) -> dict[str, Any]:
    newest: dict[str, Booking] = {}
    for event in sorted(events, key=lambda e: (e.ts, RANKS["booking"].index(e.status))):
        newest[event.booking_id] = event
    found = Counter(event.status for event in newest.values())
    whole = max(found.total(), 1)
    share = Decimal(100 * found["completed"]) / whole
    return {
        "completed": found["completed"],
        "pending": found["pending"],
        "conversion": f"{share.quantize(Decimal('0.1'), ROUND_HALF_EVEN)}%",
    }


def fans(events: list[Fan], today: date) -> dict[str, Any]:
    days: dict[str, list[date]] = defaultdict(list)
    newest: dict[str, str] = {}
    for event in sorted(events, key=lambda e: (e.ts, RANKS["fan"].index(e.segment))):
        days[event.fan_id].append(event.ts.date())
        newest[event.fan_id] = event.segment
    found = Counter(newest.values())
    before = sum(min(active) <= today - 30 * DAY for active in days.values())
    return {
        "total": len(days),
        "active": sum(max(active) > today - 30 * DAY for active in days.values()),
        "growth": percent(len(days), before),
        "segmentation": {
            "superfans": found["superfan"],
            "casual": found["casual"],
            "new": found["new"],
        },
    }


def streams(plays: list[Play], today: date) -> dict[str, Any]:
    def plays_from(first: date, stop: date) -> list[Play]:
        return [play for play in plays if first <= play.ts.date() < stop]

    recent = plays_from(today - 29 * DAY, date.max)
    before = plays_from(today - 59 * DAY, today - 29 * DAY)
    count = sum(play.count for play in recent)
    return {
        "monthlyListeners": len({play.listener_id for play in recent}),
        "monthlyStreams": count,
        "growth": percent(count, sum(play.count for play in before)),
    }


def skills(events: list[Skill], now: datetime) -> dict[str, Any]:
    active = _active(events, datetime.max.replace(tzinfo=UTC))
    return {
        "active": active,
        "total": len({event.skill_id for event in events}),
        "growth": percent(active, _active(events, now - 7 * DAY)),
    }


def _active(events: list[Skill], at: datetime) -> int:
    newest: dict[str, bool] = {}
    for event in sorted(events, key=lambda e: (e.ts, not e.active)):
        if event.ts <= at:
            newest[event.skill_id] = event.active
    return sum(newest.values())

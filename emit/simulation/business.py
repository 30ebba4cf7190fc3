"""The business of a simulated user: payments, bookings and skills."""

import random
from collections.abc import Iterator
from typing import Final

from emit.simulation.moments import DAY_US, HOUR_US, MINUTE_US, day_name, time_of
from emit.simulation.roster import User
from emit.simulation.seasonality import moment, weekday
from emit.simulation.seeded import count, draws, key, pick
from schemas.events import Booking, BookingStatus, Event, Payment, Skill

Timed = tuple[int, Event]

# Payments and bookings of a day end within this number of days.
LONGEST_DAYS: Final = 7
_PRICES: Final = (490, 990, 990, 1_990, 2_990, 4_900, 9_900, 19_900)
# Minor units per US cent.
_MINOR_UNITS: Final = {"USD": 1.0, "EUR": 0.9, "GBP": 0.8, "JPY": 1.5, "BRL": 5.0}
_SKILLS: Final = (
    "answer-mail", "book-calls", "chase-invoices", "clip-videos", "draft-posts", "find-leads",
    "moderate-chat", "plan-tours", "price-tickets", "reply-fans", "summarise", "translate",
)  # fmt: skip


def business(user: User, day: int) -> Iterator[Timed]:
    """All events of this UTC day, each with its microsecond; unordered."""
    begin_us = day * DAY_US
    for begun in range(day - LONGEST_DAYS, day + 1):
        for at_us, event in (*_payments(user, begun), *_bookings(user, begun)):
            if begin_us <= at_us < begin_us + DAY_US:
                yield at_us, event
    yield from _skills(user, day)


def _often(user: User, day: int, mean: float) -> float:
    return mean * user.size * user.season(day) * weekday(day, user.offset_us)


def _payments(user: User, day: int) -> Iterator[Timed]:
    """Payments of a day, and refunds of some on later days."""
    rng = draws(user.seed, user.user_id, "payments", day)
    for n in range(count(rng, _often(user, day, 8))):
        at_us = moment(rng, day, user.offset_us)
        payment_id = f"pay-{day_name(day)}-{n}"
        currency = user.currency if rng.random() < 0.95 else pick(rng, list(_MINOR_UNITS))
        amount = round(pick(rng, _PRICES) * _MINOR_UNITS[currency])
        yield _payment(user, payment_id, at_us, amount, currency)
        if rng.random() < 0.03:
            back_us = at_us + HOUR_US + int(rng.random() * 5 * 24 * 60) * MINUTE_US
            yield _payment(user, f"{payment_id}-refund", back_us, -amount, currency)


def _payment(user: User, payment_id: str, at_us: int, amount: int, currency: str) -> Timed:
    return at_us, Payment(
        user_id=user.user_id,
        ts=time_of(at_us),
        payment_id=payment_id,
        amount=amount,
        currency=currency,
    )


def _bookings(user: User, day: int) -> Iterator[Timed]:
    """Bookings of a day, and their later outcomes."""
    rng = draws(user.seed, user.user_id, "bookings", day)
    for n in range(count(rng, _often(user, day, 3))):
        at_us = moment(rng, day, user.offset_us)
        booking_id = f"booking-{day_name(day)}-{n}"
        yield _booking(user, booking_id, at_us, "pending")
        yield _booking(user, booking_id, at_us + _decision_us(rng), _outcome(rng))


def _decision_us(rng: random.Random) -> int:
    return HOUR_US + int(rng.random() ** 2 * 5 * 24 * 60) * MINUTE_US


def _outcome(rng: random.Random) -> BookingStatus:
    return "completed" if rng.random() < 0.78 else "cancelled"


def _booking(user: User, booking_id: str, at_us: int, status: BookingStatus) -> Timed:
    return at_us, Booking(
        user_id=user.user_id, ts=time_of(at_us), booking_id=booking_id, status=status
    )


def _skills(user: User, day: int) -> Iterator[Timed]:
    """Each skill is set every few days, often to its old value."""
    for skill in _SKILLS:
        fate = key(user.seed, user.user_id, skill)
        period = 3 + fate % 9
        turn, past = divmod(day + fate % 97, period)
        # Not every user has every skill.
        if past or not fate % 5:
            continue
        rng = draws(fate, turn)
        at_us = moment(rng, day, user.offset_us)
        active = rng.random() < 0.7
        yield at_us, Skill(user_id=user.user_id, ts=time_of(at_us), skill_id=skill, active=active)

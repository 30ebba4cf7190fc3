"""A user's business: revenue, bookings, fans, streams and skills."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from query.context import QueryContext
from query.errors import failure
from query.money import decimals_of, money
from query.openapi import UserId, answers
from query.rounding import change, share
from schemas.responses import (
    Bookings,
    Fans,
    MinorUnits,
    OtherRevenue,
    Revenue,
    Segmentation,
    Skills,
    Streams,
    Summary,
)

FAILURE: Final = "Failed to fetch metrics summary"
# For a user without payments.
DEFAULT_CURRENCY: Final = "USD"


class SummaryWindows(msgspec.Struct, frozen=True):
    """The limits of the windows, all in UTC.

    `month` and `last_month` are first days; `partner` is the time of last month that corresponds to
    `now`.
    """

    now: datetime
    today: date
    month: date
    last_month: date
    partner: datetime


class Business(msgspec.Struct, frozen=True):
    """A user's sums, from the database.

    `currencies`, most payments first, with their `month`, `base` (last month up to `partner`) and
    `total` in minor units. Fans and plays cover the last 30 days, `plays_before` the 30 days
    before; `fans_gained` and `skills_gained` (7 days) are differences.
    """

    currencies: list[str]
    month: list[Decimal]
    base: list[Decimal]
    total: list[Decimal]
    bookings_pending: int
    bookings_completed: int
    bookings_cancelled: int
    superfans: int
    casual_fans: int
    new_fans: int
    fans_active: int
    fans_gained: int
    listeners: int
    plays: int
    plays_before: int
    skills_known: int
    skills_active: int
    skills_gained: int


def moments_of(now: datetime) -> SummaryWindows:
    """The windows at a time in UTC."""
    today = now.date()
    month = today.replace(day=1)
    last_month = (month - timedelta(days=1)).replace(day=1)
    return SummaryWindows(now, today, month, last_month, _partner(now, month, last_month))


def _partner(now: datetime, month: date, last_month: date) -> datetime:
    """The same day and time in last month, or the end of last month if that is shorter."""
    same = datetime.combine(last_month, now.time(), UTC) + timedelta(days=now.day - 1)
    end = datetime.combine(month, datetime.min.time(), UTC) - timedelta(microseconds=1)
    return min(same, end)


def summary_of(business: Business) -> Summary:
    """The answer, with money and percents as text."""
    return Summary(
        revenue=_revenue(business),
        bookings=_bookings(business),
        fans=_fans(business),
        streams=Streams(
            monthly_listeners=business.listeners,
            monthly_streams=business.plays,
            growth=change(business.plays, business.plays_before),
        ),
        skills=Skills(
            active=business.skills_active,
            total=business.skills_known,
            growth=_growth(business.skills_active, business.skills_gained),
        ),
    )


def _revenue(business: Business) -> Revenue:
    if not business.currencies:
        nothing = _sums(DEFAULT_CURRENCY, 0, 0)
        return _main(nothing, change(0, 0), [])
    main, *others = [
        _sums(currency, int(month), int(total))
        for currency, month, total in zip(
            business.currencies, business.month, business.total, strict=True
        )
    ]
    return _main(main, change(int(business.month[0]), int(business.base[0])), others)


def _sums(currency: str, month: int, total: int) -> OtherRevenue:
    return OtherRevenue(
        currency=currency,
        month=money(month, currency),
        total=money(total, currency),
        minor_units=MinorUnits(month=month, total=total, decimals=decimals_of(currency)),
    )


def _main(sums: OtherRevenue, changed: str, others: list[OtherRevenue]) -> Revenue:
    return Revenue(
        currency=sums.currency,
        month=sums.month,
        total=sums.total,
        change=changed,
        minor_units=sums.minor_units,
        others=others,
    )


def _bookings(business: Business) -> Bookings:
    every = business.bookings_completed + business.bookings_pending + business.bookings_cancelled
    return Bookings(
        completed=business.bookings_completed,
        pending=business.bookings_pending,
        conversion=share(business.bookings_completed, every),
    )


def _fans(business: Business) -> Fans:
    every = business.superfans + business.casual_fans + business.new_fans
    return Fans(
        total=every,
        active=business.fans_active,
        growth=_growth(every, business.fans_gained),
        segmentation=Segmentation(
            superfans=business.superfans, casual=business.casual_fans, new=business.new_fans
        ),
    )


def _growth(now: int, gained: int) -> str:
    return change(now, now - gained)


async def read(context: QueryContext, user_id: str) -> Summary:
    """The answer from the rollups of the user's business."""
    parameters = msgspec.structs.asdict(moments_of(context.clock()))
    (business,) = await context.database.fetch(
        "summary", Business, {"user_id": user_id, **parameters}
    )
    return summary_of(business)


def summary(context: QueryContext) -> HTTPRouteHandler:
    """The route of a user's business."""

    @get(
        "/api/metrics/{userId:str}/summary",
        opt=failure(FAILURE),
        operation_id="getSummary",
        response_description="The user's business metrics",
        responses=answers(FAILURE),
        summary="A user's business",
    )
    async def get_summary(user_id: UserId) -> Response[Summary]:
        """Revenue, bookings, fans, streams and skills, with their growth; days are UTC."""
        return await context.answer("summary", read, user_id)

    return get_summary

"""What the HTTP service answers. Numbers are never null; times are UTC, ISO 8601 with `Z`."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Range = Literal["24h", "7d", "30d"]
Freshness = Literal["ok", "stale", "no_data"]
Money = Annotated[str, Meta(description="As in the en-US locale, minor units by ISO 4217")]
Change = Annotated[str, Meta(pattern=r"^[+-][0-9]+\.[0-9]%$")]


class _Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Answers share the camelCase of the contract."""


class Error(_Answer, frozen=True, kw_only=True):
    """One sentence on what was wrong."""

    error: str


class Point(_Answer, frozen=True, kw_only=True):
    """One bucket: `cpu` and `memory` are percent, means over its samples; the counts are sums."""

    timestamp: datetime
    cpu: float
    memory: float
    messages: int
    errors: int


class Averages(_Answer, frozen=True, kw_only=True):
    """`cpu` and `memory`: percent, means over all samples; the counts: means per point."""

    cpu: float
    memory: float
    messages: float
    errors: float


class Historical(_Answer, frozen=True, kw_only=True):
    """A user's history in time order, buckets with data only."""

    user_id: str
    time_range: Range
    metrics: list[Point]
    averages: Averages


class Performance(_Answer, frozen=True, kw_only=True):
    """How a user's agents do right now.

    `cpu`, `memory`: percent, means over each agent's newest sample of the last 5 minutes;
    `error_rate`: percent, and `response_time`: milliseconds, both over the last 15 minutes.
    `as_of` is the time of the newest sample, the epoch where there is none.
    """

    cpu: float
    memory: float
    error_rate: float
    response_time: float
    status: Freshness
    as_of: datetime


class OtherRevenue(_Answer, frozen=True, kw_only=True):
    """Money in a currency beside the user's own; it is not converted and not added up."""

    currency: Annotated[str, Meta(description="ISO 4217 code", examples=["EUR"])]
    month: Annotated[Money, Meta(description="This month so far", examples=["€12.00"])]
    total: Annotated[Money, Meta(description="All time", examples=["€480.00"])]


class Revenue(_Answer, frozen=True, kw_only=True):
    """Money in the currency of most of the user's payments, refunds taken off."""

    currency: Annotated[str, Meta(description="ISO 4217 code", examples=["USD"])]
    month: Annotated[Money, Meta(description="This month so far", examples=["$1,234.50"])]
    total: Annotated[Money, Meta(description="All time", examples=["$98,765.00"])]
    change: Annotated[
        Change,
        Meta(
            description="This month so far against last month to the same day and time of day",
            examples=["+12.5%"],
        ),
    ]
    others: Annotated[list[OtherRevenue], Meta(description="Other currencies, most payments first")]


class Bookings(_Answer, frozen=True, kw_only=True):
    """Bookings by their newest status."""

    completed: int
    pending: int
    conversion: Annotated[
        str,
        Meta(
            description="Completed ones in percent of all, cancelled ones among them",
            pattern=r"^[0-9]+\.[0-9]%$",
            examples=["62.5%"],
        ),
    ]


class Segmentation(_Answer, frozen=True, kw_only=True):
    """Fans by their newest segment; together they are all fans."""

    superfans: int
    casual: int
    new: int


class Fans(_Answer, frozen=True, kw_only=True):
    """Everybody who was ever a fan."""

    total: int
    active: Annotated[int, Meta(description="Active in the last 30 UTC days, today included")]
    growth: Annotated[
        Change, Meta(description="Fans now against before these 30 days", examples=["+3.1%"])
    ]
    segmentation: Segmentation


class Streams(_Answer, frozen=True, kw_only=True):
    """Plays of the last 30 UTC days, today included."""

    monthly_listeners: Annotated[int, Meta(description="Distinct listeners")]
    monthly_streams: Annotated[int, Meta(description="Plays")]
    growth: Annotated[
        Change, Meta(description="Plays against the 30 days before", examples=["-3.0%"])
    ]


class Skills(_Answer, frozen=True, kw_only=True):
    """Skills by their newest change."""

    active: int
    total: Annotated[int, Meta(description="All known ones")]
    growth: Annotated[
        Change, Meta(description="Active ones now against 7 days ago", examples=["+0.0%"])
    ]


class Summary(_Answer, frozen=True, kw_only=True):
    """How a user's business does. Percents that compare carry a sign; days and months are UTC."""

    revenue: Revenue
    bookings: Bookings
    fans: Fans
    streams: Streams
    skills: Skills


class Live(_Answer, frozen=True, kw_only=True):
    """The process runs."""

    status: Literal["ok"]


class Ready(_Answer, frozen=True, kw_only=True):
    """Whether requests can be answered; `reasons` says why not."""

    status: Literal["ok", "unavailable"]
    reasons: list[str]

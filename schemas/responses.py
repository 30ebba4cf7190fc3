"""HTTP answers. Numbers are never null; times are UTC, ISO 8601 with `Z`."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Freshness = Literal["ok", "stale", "no_data"]
Money = Annotated[
    str, Meta(description="For display, not for parsing: en-US locale, decimals by ISO 4217")
]
Change = Annotated[str, Meta(pattern=r"^[+-][0-9]+\.[0-9]%$")]


class Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of all answers: camelCase field names."""


class Error(Answer, frozen=True, kw_only=True):
    """One sentence that describes the error."""

    error: str


class Performance(Answer, frozen=True, kw_only=True):
    """Current load and errors of a user's agents."""

    cpu: Annotated[
        float,
        Meta(
            description="Percent, mean over each agent's newest sample of the last 5 minutes",
            examples=[31.4],
        ),
    ]
    memory: Annotated[
        float,
        Meta(
            description="Percent, mean over each agent's newest sample of the last 5 minutes",
            examples=[62.75],
        ),
    ]
    error_rate: Annotated[
        float,
        Meta(
            description="Percent: errors ÷ messages of the last 15 minutes, at most 100; 100 for "
            "errors without messages",
            examples=[0.25],
        ),
    ]
    response_time: Annotated[
        float,
        Meta(
            description="Milliseconds, mean over the messages of the last 15 minutes with a known "
            "response time",
            examples=[84.2],
        ),
    ]
    status: Annotated[
        Freshness,
        Meta(
            description="`ok`; `stale`: no sample in 5 minutes, all zeros; `no_data`: no sample yet"
        ),
    ]
    as_of: Annotated[
        datetime, Meta(description="Time of the newest sample; the Unix epoch without samples")
    ]


class MinorUnits(Answer, frozen=True, kw_only=True):
    """The same sums as integers, for programs; the texts beside them are for display."""

    month: Annotated[
        int, Meta(description="This month so far, in minor units, exact", examples=[123_450])
    ]
    total: Annotated[int, Meta(description="All time, in minor units, exact", examples=[9_876_500])]
    decimals: Annotated[
        int,
        Meta(description="Decimals of the currency: divide by 10 to this power", examples=[2]),
    ]


class OtherRevenue(Answer, frozen=True, kw_only=True):
    """Revenue in another currency than the main one; neither converted nor added to it."""

    currency: Annotated[str, Meta(description="ISO 4217 code", examples=["EUR"])]
    month: Annotated[Money, Meta(description="This month so far", examples=["€12.00"])]
    total: Annotated[Money, Meta(description="All time", examples=["€480.00"])]
    minor_units: MinorUnits


class Revenue(Answer, frozen=True, kw_only=True):
    """Revenue in the currency of most of the user's payments, less refunds."""

    currency: Annotated[
        str,
        Meta(description="ISO 4217 code of most of the user's payments", examples=["USD"]),
    ]
    month: Annotated[Money, Meta(description="This month so far", examples=["$1,234.50"])]
    total: Annotated[Money, Meta(description="All time", examples=["$98,765.00"])]
    change: Annotated[
        Change,
        Meta(
            description="This month so far against last month up to the same day and time",
            examples=["+12.5%"],
        ),
    ]
    minor_units: MinorUnits
    others: Annotated[list[OtherRevenue], Meta(description="Other currencies, most payments first")]


class Bookings(Answer, frozen=True, kw_only=True):
    """Bookings by their newest status."""

    completed: Annotated[int, Meta(description="Completed ones", examples=[5])]
    pending: Annotated[int, Meta(description="Pending ones", examples=[2])]
    conversion: Annotated[
        str,
        Meta(
            description="Completed ones in percent of all, including cancelled ones",
            pattern=r"^[0-9]+\.[0-9]%$",
            examples=["62.5%"],
        ),
    ]


class Segmentation(Answer, frozen=True, kw_only=True):
    """Fans by their newest segment; the three add up to all fans."""

    superfans: Annotated[int, Meta(description="Newest segment is `superfan`", examples=[100])]
    casual: Annotated[int, Meta(description="Newest segment is `casual`", examples=[800])]
    new: Annotated[int, Meta(description="Newest segment is `new`", examples=[300])]


class Fans(Answer, frozen=True, kw_only=True):
    """All fans, past and present."""

    total: Annotated[int, Meta(description="All fans", examples=[1_200])]
    active: Annotated[
        int, Meta(description="Active in the last 30 UTC days, today included", examples=[340])
    ]
    growth: Annotated[
        Change, Meta(description="All fans now against before these 30 days", examples=["+3.1%"])
    ]
    segmentation: Segmentation


class Streams(Answer, frozen=True, kw_only=True):
    """Plays of the last 30 UTC days, today included."""

    monthly_listeners: Annotated[
        int, Meta(description="Distinct listeners of the last 30 UTC days", examples=[250])
    ]
    monthly_streams: Annotated[
        int, Meta(description="Plays of the last 30 UTC days", examples=[4_100])
    ]
    growth: Annotated[
        Change, Meta(description="Plays against the previous 30 days", examples=["-3.0%"])
    ]


class Skills(Answer, frozen=True, kw_only=True):
    """Skills by their newest change."""

    active: Annotated[int, Meta(description="Active ones", examples=[4])]
    total: Annotated[int, Meta(description="All skills", examples=[6])]
    growth: Annotated[
        Change, Meta(description="Active ones now against 7 days ago", examples=["+0.0%"])
    ]


class Summary(Answer, frozen=True, kw_only=True):
    """Business metrics of a user. Changes in percent have a sign; days and months are UTC."""

    revenue: Revenue
    bookings: Bookings
    fans: Fans
    streams: Streams
    skills: Skills


class Live(Answer, frozen=True, kw_only=True):
    """The process runs."""

    status: Literal["ok"]


class Ready(Answer, frozen=True, kw_only=True):
    """Whether requests can be answered; `reasons` says why not.

    `warnings` need attention although requests can be answered.
    """

    status: Literal["ok", "unavailable"]
    reasons: list[str]
    warnings: list[str]

"""The window of a list: the newest 5-minute buckets, and the hours that replace them in reads."""

from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from litestar.params import QueryParameter

from query.errors import PARAMETER_HELP
from schemas.agents import Window

BUCKET: Final = timedelta(minutes=5)
HOUR: Final = timedelta(hours=1)
BUCKETS: Final[dict[Window, int]] = {"15m": 3, "1h": 12, "24h": 288}

WindowParameter = Annotated[
    Window, QueryParameter(name="window", description=PARAMETER_HELP["window"])
]


class Buckets(msgspec.Struct, frozen=True):
    """The buckets from `starts` on; [hours_from, hours_upto) are whole hours, maybe none."""

    starts: datetime
    hours_from: datetime
    hours_upto: datetime


def buckets_of(window: Window, now: datetime) -> Buckets:
    """The buckets of a window that ends with the current one; `now` is in UTC."""
    current = now - timedelta(
        minutes=now.minute % 5, seconds=now.second, microseconds=now.microsecond
    )
    starts = current - (BUCKETS[window] - 1) * BUCKET
    if window != "24h":
        return Buckets(starts, starts, starts)
    hour = timedelta(minutes=starts.minute)
    return Buckets(
        starts,
        starts - hour + HOUR if hour else starts,
        current - timedelta(minutes=current.minute),
    )

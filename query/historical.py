"""A user's last 24 hours, 7 days or 30 days, in points made of whole buckets."""

from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from query.errors import TAKES, failure
from query.figures import mean
from query.openapi import UserId, answers
from query.source import Source
from schemas.responses import Averages, Historical, Point, Range

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
FAILURE: Final = "Failed to fetch historical metrics"


class Window(msgspec.Struct, frozen=True):
    """The half-open range [start, stop), in points of `width`, and the query that answers it."""

    start: datetime
    stop: datetime
    width: timedelta
    query: str


class Sums(msgspec.Struct, frozen=True):
    """One point as the database sums it up; `cpu_samples` of the samples have CPU, for example."""

    timestamp: datetime
    cpu_samples: int
    cpu_sum: float
    memory_samples: int
    memory_sum: float
    messages: int
    errors: int


def window_of(time_range: Range, now: datetime) -> Window:
    """The points of a range; the last one holds `now` (UTC) and is unfinished."""
    match time_range:
        case "24h":
            return _window(24, HOUR, now, "historical_hours")
        case "7d":
            return _window(28, 6 * HOUR, now, "historical_hours")
        case "30d":
            return _window(30, DAY, now, "historical_days")


def _window(points: int, width: timedelta, now: datetime, name: str) -> Window:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    current = midnight + (now - midnight) // width * width
    return Window(current - (points - 1) * width, current + width, width, name)


def points_of(rows: list[Sums]) -> list[Point]:
    """The rows as points; means over each point's samples that have the figure, two decimals."""
    return [
        Point(
            timestamp=row.timestamp,
            cpu=mean(row.cpu_sum, row.cpu_samples),
            memory=mean(row.memory_sum, row.memory_samples),
            messages=row.messages,
            errors=row.errors,
        )
        for row in rows
    ]


def averages_of(rows: list[Sums]) -> Averages:
    """Percents over all samples that have them, counts over the points; two decimals."""
    return Averages(
        cpu=mean(sum(row.cpu_sum for row in rows), sum(row.cpu_samples for row in rows)),
        memory=mean(sum(row.memory_sum for row in rows), sum(row.memory_samples for row in rows)),
        messages=mean(sum(row.messages for row in rows), len(rows)),
        errors=mean(sum(row.errors for row in rows), len(rows)),
    )


async def read(source: Source, user_id: str, time_range: Range) -> Historical:
    """The answer from the aggregate that fits the range."""
    window = window_of(time_range, source.clock())
    bounds = {"start": window.start, "stop": window.stop, "width": window.width}
    rows = await source.database.fetch(window.query, Sums, {"user_id": user_id, **bounds})
    return Historical(
        user_id=user_id,
        time_range=time_range,
        metrics=points_of(rows),
        averages=averages_of(rows),
    )


def historical(source: Source) -> HTTPRouteHandler:
    """The route of a user's history."""

    @get(
        "/api/metrics/{userId:str}/historical",
        opt=failure(FAILURE),
        operation_id="getHistorical",
        response_description="The user's history",
        responses=answers(FAILURE),
        summary="A user's history",
    )
    async def tell(
        user_id: UserId,
        time_range: Annotated[
            Range, QueryParameter(name="range", description=TAKES["range"])
        ] = "24h",
    ) -> Response[Historical]:
        """Points with data in time order, the newest unfinished, and the averages over them."""
        return await source.answer(read, user_id, time_range)

    return tell

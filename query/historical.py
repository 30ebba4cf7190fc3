"""A user's last 24 hours, 7 days or 30 days, in points made of whole buckets."""

from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter, SkipValidation

from query.cache import Answers
from query.clock import Clock
from query.database import Pool, fetch
from query.errors import TAKES, failure
from query.figures import mean
from query.openapi import REFUSALS, UserId
from schemas.responses import Averages, Error, Historical, Point, Range

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
    """One point as the database adds it up; percents are sums over `samples`."""

    timestamp: datetime
    samples: int
    cpu_sum: float
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
    """The rows as points; means over each point's samples, two decimals."""
    return [
        Point(
            timestamp=row.timestamp,
            cpu=mean(row.cpu_sum, row.samples),
            memory=mean(row.memory_sum, row.samples),
            messages=row.messages,
            errors=row.errors,
        )
        for row in rows
    ]


def averages_of(rows: list[Sums]) -> Averages:
    """Percents over all samples, counts over the points there are; two decimals."""
    samples = sum(row.samples for row in rows)
    return Averages(
        cpu=mean(sum(row.cpu_sum for row in rows), samples),
        memory=mean(sum(row.memory_sum for row in rows), samples),
        messages=mean(sum(row.messages for row in rows), len(rows)),
        errors=mean(sum(row.errors for row in rows), len(rows)),
    )


@get(
    "/api/metrics/{userId:str}/historical",
    opt=failure(FAILURE),
    responses={**REFUSALS, 500: ResponseSpec(Error, description=FAILURE)},
    summary="A user's history",
)
async def historical(
    user_id: UserId,
    pool: NamedDependency[SkipValidation[Pool]],
    clock: NamedDependency[SkipValidation[Clock]],
    answers: NamedDependency[SkipValidation[Answers]],
    time_range: Annotated[Range, QueryParameter(name="range", description=TAKES["range"])] = "24h",
) -> Response[Historical]:
    """Points with data in time order, the newest unfinished, and the averages over them."""

    async def make() -> Historical:
        window = window_of(time_range, clock())
        bounds = {"start": window.start, "stop": window.stop, "width": window.width}
        rows = await fetch(pool, window.query, Sums, {"user_id": user_id, **bounds})
        return Historical(
            user_id=user_id,
            time_range=time_range,
            metrics=points_of(rows),
            averages=averages_of(rows),
        )

    return await answers.answer(("historical", user_id, time_range), make)

"""The history of all users' agents together, in points of an hour or more."""

from datetime import timedelta
from typing import Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from query.context import QueryContext
from query.errors import Unusable, failure
from query.openapi import answers
from query.points import PointSums, averages_of, points_of
from query.spans import (
    HOUR_STEPS,
    FromParameter,
    HourStepParameter,
    RangeParameter,
    SpanParameters,
    ToParameter,
    ZoneParameter,
    custom_of,
    span_of,
    span_of_range,
)
from schemas.history import PlatformHistorical

FAILURE: Final = "Failed to fetch historical metrics of the platform"
HOUR: Final = timedelta(hours=1)
WHOLE_HOURS: Final = (
    "tz: the platform's history is kept in UTC hours; it takes a zone whose offset is whole hours "
    "throughout the span, such as UTC or Europe/Berlin."
)


async def read(context: QueryContext, requested: SpanParameters) -> PlatformHistorical:
    """The answer from the platform's hours, which are kept permanently; raises Unusable."""
    now = context.clock()
    if requested.is_range:
        span = span_of_range(requested.time_range, now)
    else:
        span = span_of(custom_of(requested, now), {}, HOUR_STEPS)
    if not span.is_aligned_to(HOUR):
        raise Unusable(WHOLE_HOURS)
    rows = await context.database.fetch("platform_historical", PointSums, span.bounds())
    return PlatformHistorical(
        time_range=span.time_range,
        metrics=points_of(rows),
        averages=averages_of(rows),
        from_=span.start,
        to=span.stop,
        step=span.step,
        tz=span.tz,
    )


def platform_history(context: QueryContext) -> HTTPRouteHandler:
    """The route of the platform's history."""

    @get(
        "/api/metrics/historical",
        opt=failure(FAILURE),
        operation_id="getPlatformHistorical",
        response_description="The platform's history",
        responses=answers(FAILURE),
        summary="The platform's history",
    )
    async def get_platform_historical(
        time_range: RangeParameter = None,
        start: FromParameter = None,
        stop: ToParameter = None,
        hour_step: HourStepParameter = None,
        tz: ZoneParameter = None,
    ) -> Response[PlatformHistorical]:
        """Points with data in time order, the newest unfinished, and their averages."""
        return await context.answer(
            "platform_history", read, SpanParameters(time_range, start, stop, hour_step, tz)
        )

    return get_platform_historical

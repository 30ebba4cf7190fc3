"""A user's history: the last 24 hours, 7 days or 30 days, or any span."""

from typing import Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from query.context import QueryContext
from query.errors import failure
from query.openapi import UserId, answers
from query.points import averages_of, points_of, read_span
from query.spans import (
    FromParameter,
    RangeParameter,
    SpanParameters,
    StepParameter,
    ToParameter,
    ZoneParameter,
)
from schemas.history import Historical

FAILURE: Final = "Failed to fetch historical metrics"


async def read(context: QueryContext, user_id: str, requested: SpanParameters) -> Historical:
    """The answer from the rollup level that covers the span; raises Unusable."""
    span, rows = await read_span(context, requested, user_id, agent_id=None)
    return Historical(
        user_id=user_id,
        time_range=span.time_range,
        metrics=points_of(rows),
        averages=averages_of(rows),
        from_=span.start,
        to=span.stop,
        step=span.step,
        tz=span.tz,
    )


def historical(context: QueryContext) -> HTTPRouteHandler:
    """The route of a user's history."""

    @get(
        "/api/metrics/{userId:str}/historical",
        opt=failure(FAILURE),
        operation_id="getHistorical",
        response_description="The user's history",
        responses=answers(FAILURE),
        summary="A user's history",
    )
    async def get_historical(
        user_id: UserId,
        time_range: RangeParameter = None,
        start: FromParameter = None,
        stop: ToParameter = None,
        step: StepParameter = None,
        tz: ZoneParameter = None,
    ) -> Response[Historical]:
        """Points with data in time order, the newest unfinished, and their averages."""
        return await context.answer(
            "historical", read, user_id, SpanParameters(time_range, start, stop, step, tz)
        )

    return get_historical

"""Current performance of a user's agents."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from query.context import QueryContext
from query.errors import failure
from query.openapi import UserId, answers
from query.rounding import error_rate, mean, rounded
from schemas.responses import Freshness, Performance

FRESH: Final = timedelta(minutes=5)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FAILURE: Final = "Failed to fetch performance data"


class Recent(msgspec.Struct, frozen=True):
    """Means of the user's newest samples and sums of 15 minutes, from the database.

    `cpu` and `memory` are None if no agent's newest sample of the last 5 minutes has them.
    """

    as_of: datetime | None
    cpu: float | None
    memory: float | None
    messages: int
    errors: int
    response_ms_sum: float
    response_messages: int


def performance_of(recent: Recent, now: datetime) -> Performance:
    """The answer at `now`, with two decimals; without a fresh sample zeros, except `asOf`."""
    if recent.as_of is None:
        return _silent("no_data", EPOCH)
    if recent.as_of <= now - FRESH:
        return _silent("stale", recent.as_of)
    return Performance(
        cpu=rounded(recent.cpu or 0.0),
        memory=rounded(recent.memory or 0.0),
        error_rate=error_rate(recent.errors, recent.messages),
        response_time=mean(recent.response_ms_sum, recent.response_messages),
        status="ok",
        as_of=recent.as_of,
    )


def _silent(status: Freshness, as_of: datetime) -> Performance:
    return Performance(
        cpu=0.0, memory=0.0, error_rate=0.0, response_time=0.0, status=status, as_of=as_of
    )


async def read(context: QueryContext, user_id: str) -> Performance:
    """The answer from the newest samples."""
    now = context.clock()
    parameters = {"user_id": user_id, "now": now}
    (recent,) = await context.database.fetch("performance", Recent, parameters)
    return performance_of(recent, now)


def performance(context: QueryContext) -> HTTPRouteHandler:
    """The route of a user's performance."""

    @get(
        "/api/metrics/{userId:str}/performance",
        opt=failure(FAILURE),
        operation_id="getPerformance",
        response_description="The current performance of the user's agents",
        responses=answers(FAILURE),
        summary="A user's agents right now",
    )
    async def get_performance(user_id: UserId) -> Response[Performance]:
        """Means over the agents' newest samples; error rate and response time of 15 minutes."""
        return await context.answer("performance", read, user_id)

    return get_performance

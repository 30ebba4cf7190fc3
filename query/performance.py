"""How a user's agents do right now."""

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
    """The user's newest samples and the sums of 15 minutes, as the database tells them.

    `cpu` and `memory` are None where no agent's newest sample of the last 5 minutes has them.
    """

    as_of: datetime | None
    cpu: float | None
    memory: float | None
    messages: int
    errors: int
    response_ms_sum: float
    response_messages: int


def performance_of(recent: Recent, now: datetime) -> Performance:
    """The answer at `now`: zeros but for `asOf` where nothing is fresh; two decimals."""
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
    """The route of how a user's agents do."""

    @get(
        "/api/metrics/{userId:str}/performance",
        opt=failure(FAILURE),
        operation_id="getPerformance",
        response_description="How the user's agents do",
        responses=answers(FAILURE),
        summary="A user's agents right now",
    )
    async def get_performance(user_id: UserId) -> Response[Performance]:
        """Means over the agents' newest samples, error rate and response time of 15 minutes."""
        return await context.answer("performance", read, user_id)

    return get_performance

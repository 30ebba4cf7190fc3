"""One agent's history, like a user's."""

from typing import Final

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from query.context import QueryContext
from query.errors import UnknownAgent, failure
from query.openapi import AgentId, UserId, answers, error_response
from query.points import averages_of, points_of, read_span
from query.spans import (
    FromParameter,
    RangeParameter,
    SpanParameters,
    StepParameter,
    ToParameter,
    ZoneParameter,
)
from schemas.history import AgentHistorical

FAILURE: Final = "Failed to fetch historical metrics of the agent"


class Known(msgspec.Struct, frozen=True):
    """Whether the user has the agent."""

    is_known: bool


async def read(
    context: QueryContext, user_id: str, agent_id: str, requested: SpanParameters
) -> AgentHistorical:
    """The answer from the rollup level that covers the span.

    Raises Unusable, or UnknownAgent (404) if the user has no agent with that id.
    """
    span, rows = await read_span(context, requested, user_id, agent_id)
    if not rows and not await _is_known(context, user_id, agent_id):
        raise UnknownAgent
    return AgentHistorical(
        user_id=user_id,
        agent_id=agent_id,
        time_range=span.time_range,
        metrics=points_of(rows),
        averages=averages_of(rows),
        from_=span.start,
        to=span.stop,
        step=span.step,
        tz=span.tz,
    )


async def _is_known(context: QueryContext, user_id: str, agent_id: str) -> bool:
    owner = {"user_id": user_id, "agent_id": agent_id}
    (found,) = await context.database.fetch("find_agent", Known, owner)
    return found.is_known


def agent_history(context: QueryContext) -> HTTPRouteHandler:
    """The route of an agent's history."""

    @get(
        "/api/metrics/{userId:str}/agents/{agentId:str}/historical",
        opt=failure(FAILURE),
        operation_id="getAgentHistorical",
        response_description="The agent's history",
        responses={**answers(FAILURE), 404: error_response("The user has no such agent")},
        summary="An agent's history",
    )
    async def get_agent_historical(
        user_id: UserId,
        agent_id: AgentId,
        time_range: RangeParameter = None,
        start: FromParameter = None,
        stop: ToParameter = None,
        step: StepParameter = None,
        tz: ZoneParameter = None,
    ) -> Response[AgentHistorical]:
        """Points with data in time order, the newest unfinished, and their averages."""
        requested = SpanParameters(time_range, start, stop, step, tz)
        return await context.answer("agent_history", read, user_id, agent_id, requested)

    return get_agent_historical

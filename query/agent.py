"""One agent: its row as in lists, and its deployments."""

from typing import Final

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from query.agents import AgentsPageRow, AgentsQuery, parameters_of, row_of
from query.context import QueryContext
from query.errors import UnknownAgent, failure
from query.openapi import AgentId, UserId, answers, error_response
from query.paging import PagePosition
from query.window import WindowParameter
from schemas.agents import Agent, Deployment, Window

FAILURE: Final = "Failed to fetch agent"
STATES: Final = ("active", "inactive", "failed", "removed")


async def read(context: QueryContext, user_id: str, agent_id: str, window: Window) -> Agent:
    """The agent now; raises UnknownAgent (404) if it never sent a sample or a status event."""
    now = context.clock()
    requested = AgentsQuery(user_id, None, None, window, "agentId", None)
    parameters = {
        **parameters_of(requested, PagePosition(), 1, now),
        "agent_id": agent_id,
        "states": list(STATES),
    }
    (listed,) = await context.database.fetch("list_agents", AgentsPageRow, parameters)
    if listed.agent_key is None:
        raise UnknownAgent
    row = msgspec.structs.asdict(row_of(listed, now))
    deployments = msgspec.convert(listed.deployments or [], list[Deployment])
    return Agent(**row, deployments=deployments, window=window, as_of=now)


def agent(context: QueryContext) -> HTTPRouteHandler:
    """The route of one agent."""

    @get(
        "/api/metrics/{userId:str}/agents/{agentId:str}",
        opt=failure(FAILURE),
        operation_id="getAgent",
        response_description="The agent",
        responses={**answers(FAILURE), 404: error_response("The user has no such agent")},
        summary="One agent",
    )
    async def get_agent(
        user_id: UserId, agent_id: AgentId, window: WindowParameter = "15m"
    ) -> Response[Agent]:
        """State, newest sample, sums over the window, and its newest deployments."""
        return await context.answer("agent", read, user_id, agent_id, window)

    return get_agent

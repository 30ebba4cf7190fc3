"""Lists of agents: of one user, read now, and of the fleet, read from its summary."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from query.context import QueryContext
from query.cursor import Cursor, issue, resume
from query.errors import PARAMETER_HELP, failure
from query.openapi import UserId, answers
from query.paging import Limit, PagePosition, Search
from query.rounding import error_rate, mean, rounded
from query.window import WindowParameter, buckets_of
from schemas.agents import AgentRow, Agents, AgentSort, AgentState, Order, StateCounts, Window

FAILURE: Final = "Failed to fetch agents"
FRESH: Final = timedelta(minutes=5)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
PRESENT: Final[Sequence[AgentState]] = ("active", "inactive", "failed")
# The default order puts the worst first: failed, longest silent, highest.
WORST: Final[dict[AgentSort, Order]] = {
    "attention": "desc",
    "agentId": "asc",
    "lastSeen": "asc",
    "cpu": "desc",
    "memory": "desc",
    "storage": "desc",
    "messages": "desc",
    "errors": "desc",
    "errorRate": "desc",
    "responseTime": "desc",
}
SIGNS: Final[dict[Order, int]] = {"asc": 1, "desc": -1}

StateParameter = Annotated[
    AgentState | None, QueryParameter(name="state", description=PARAMETER_HELP["state"])
]
SortParameter = Annotated[
    AgentSort, QueryParameter(name="sort", description=PARAMETER_HELP["agentSort"])
]
OrderParameter = Annotated[
    Order | None, QueryParameter(name="order", description=PARAMETER_HELP["order"])
]


class AgentsQuery(msgspec.Struct, frozen=True):
    """Selection and order of a list of agents; `user_id` is None for the fleet's."""

    user_id: str | None
    state: AgentState | None
    search: str | None
    window: Window
    sort: AgentSort
    order: Order | None

    @property
    def ordered(self) -> Order:
        """The requested order, or the default with the worst first."""
        return self.order or WORST[self.sort]

    @property
    def whose(self) -> Literal["user", "fleet", "urgent"]:
        """The scope of the list; `urgent` is the fleet in the default order, which has an index."""
        if self.user_id is not None:
            return "user"
        is_plain = self.search is None and self.sort == "attention" and self.ordered == "desc"
        return "urgent" if is_plain else "fleet"

    def query(self) -> tuple[str | None, ...]:
        """Identifies the list that a cursor belongs to."""
        named = (self.user_id, self.state, self.search, self.window, self.sort, self.ordered)
        return ("agents", *named)


class AgentsPageRow(msgspec.Struct, frozen=True):
    """A row of a page, with the counts of the whole list.

    On an empty page one row has only the counts. `kept_at` is None if the list was read now.
    `up_buckets` of `buckets` have a sample.
    """

    active: int
    inactive: int
    failed: int
    removed: int
    kept_at: datetime | None
    agent_key: int | None
    user_id: str | None
    agent_id: str | None
    state: AgentState | None
    is_of_event: bool | None
    since: datetime | None
    first_ts: datetime | None
    ts: datetime | None
    cpu: float | None
    memory: float | None
    storage_used_mb: float | None
    storage_total_mb: float | None
    messages: int | None
    errors: int | None
    response_ms_sum: float | None
    response_messages: int | None
    figure: float | None
    place: int | None
    reason: str | None
    buckets: int | None
    up_buckets: int | None
    deployments: list[Any] | None

    @property
    def ids(self) -> tuple[str, str]:
        """The ids, which order rows that are otherwise equal."""
        return (self.agent_id or "", self.user_id or "")


def row_of(listed: AgentsPageRow, as_of: datetime) -> AgentRow:
    """An agent at `as_of`: zeros for missing values, two decimals."""
    errors, messages = listed.errors or 0, listed.messages or 0
    return AgentRow(
        user_id=listed.user_id or "",
        agent_id=listed.agent_id or "",
        state=listed.state or "inactive",
        since=listed.since or EPOCH,
        reason=listed.reason or "",
        silent=listed.ts is None or listed.ts <= as_of - FRESH,
        first_seen=listed.first_ts or EPOCH,
        last_seen=listed.ts or EPOCH,
        cpu=rounded(listed.cpu or 0.0),
        memory=rounded(listed.memory or 0.0),
        storage_used=rounded(listed.storage_used_mb or 0.0),
        storage_total=rounded(listed.storage_total_mb or 0.0),
        messages=messages,
        errors=errors,
        error_rate=error_rate(errors, messages),
        response_time=mean(listed.response_ms_sum or 0.0, listed.response_messages or 0),
        uptime=uptime_of(listed),
    )


def uptime_of(listed: AgentsPageRow) -> float:
    """Percent of an agent's finished buckets that have a sample; 0 before the first has ended."""
    buckets = listed.buckets or 0
    return mean(100 * (listed.up_buckets or 0), buckets) if buckets > 0 else 0.0


def parameters_of(
    requested: AgentsQuery, place: PagePosition, limit: int, now: datetime
) -> dict[str, object]:
    """Parameters of the query for `limit` agents and one more, which shows that a page follows."""
    # After the switch to the order of ids, the requested order no longer applies.
    sort: AgentSort = "agentId" if place.after else requested.sort
    sign = SIGNS[requested.ordered]
    after_agent, after_user = place.ids(2)
    seen = place.keys()
    return {
        "user_id": requested.user_id,
        "whose": "fleet" if requested.whose == "urgent" and place.after else requested.whose,
        # Enough of each state, even if all seen rows are among them.
        "most": limit + 1 + len(seen),
        "agent_id": None,
        "search": requested.search,
        "states": [requested.state] if requested.state else list(PRESENT),
        "window": requested.window,
        "sort": sort,
        "sign": sign,
        "ids": sign if requested.sort == "agentId" else 1,
        "seen": seen,
        "after_agent": after_agent,
        "after_user": after_user,
        "limit": limit + 1,
        "now": now,
        **msgspec.structs.asdict(buckets_of(requested.window, now)),
    }


def agents_of(
    rows: Sequence[AgentsPageRow],
    requested: AgentsQuery,
    place: PagePosition,
    limit: int,
    now: datetime,
) -> Agents:
    """A page from the query's rows; one more row than `limit` means that a page follows."""
    listed = [row for row in rows if row.agent_key is not None]
    shown = listed[:limit]
    as_of = rows[0].kept_at or now
    following = ""
    if len(listed) > limit:
        following = issue(requested.query(), _past(shown, requested, place), now)
    return Agents(
        agents=[row_of(row, as_of) for row in shown],
        counts=StateCounts(
            active=rows[0].active,
            inactive=rows[0].inactive,
            failed=rows[0].failed,
            removed=rows[0].removed,
        ),
        window=requested.window,
        as_of=as_of,
        next=following,
    )


def _past(
    shown: Sequence[AgentsPageRow], requested: AgentsQuery, place: PagePosition
) -> PagePosition:
    last = shown[-1].ids
    if requested.sort == "agentId":
        return place.past_ids(last)
    return place.past_rows([row.agent_key for row in shown if row.agent_key is not None], last)


async def read(
    context: QueryContext, requested: AgentsQuery, limit: int, cursor: str | None
) -> Agents:
    """A page of agents; raises ValidationException (400) for a cursor of another list."""
    now = context.clock()
    place = (
        resume(cursor, requested.query(), PagePosition, now)
        if cursor is not None
        else PagePosition()
    )
    parameters = parameters_of(requested, place, limit, now)
    rows = await context.database.fetch("list_agents", AgentsPageRow, parameters)
    return agents_of(rows, requested, place, limit, now)


def agents(context: QueryContext) -> HTTPRouteHandler:
    """The route of a user's agents."""

    @get(
        "/api/metrics/{userId:str}/agents",
        opt=failure(FAILURE),
        operation_id="getAgents",
        response_description="A page of the user's agents",
        responses=answers(FAILURE),
        summary="A user's agents",
    )
    async def get_agents(
        user_id: UserId,
        agent_state: StateParameter = None,
        search: Search = None,
        window: WindowParameter = "15m",
        agent_sort: SortParameter = "attention",
        order: OrderParameter = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Response[Agents]:
        """Agents with state, newest sample and sums over the window, and counts by state."""
        requested = AgentsQuery(user_id, agent_state, search, window, agent_sort, order)
        return await context.answer("agents", read, requested, limit, cursor)

    return get_agents


def fleet_agents(context: QueryContext) -> HTTPRouteHandler:
    """The route of all users' agents."""

    @get(
        "/api/metrics/agents",
        opt=failure(FAILURE),
        operation_id="getFleetAgents",
        response_description="A page of all users' agents",
        responses=answers(FAILURE),
        summary="All agents",
    )
    async def get_fleet_agents(
        agent_state: StateParameter = None,
        search: Search = None,
        window: WindowParameter = "15m",
        agent_sort: SortParameter = "attention",
        order: OrderParameter = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Response[Agents]:
        """The agents of all users; `search` also matches prefixes of user ids."""
        requested = AgentsQuery(None, agent_state, search, window, agent_sort, order)
        return await context.answer("agents", read, requested, limit, cursor)

    return get_fleet_agents

"""The timeline of a user or the fleet: status changes and deployments, newest first."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from query.context import QueryContext
from query.cursor import Cursor, issue, resume
from query.errors import PARAMETER_HELP, Unusable, failure
from query.moments import moment_of
from query.openapi import UserId, answers
from query.paging import Limit
from schemas.events import ID_PATTERN
from schemas.timeline import Happening, Kind, Timeline, TimelineEvent

FAILURE: Final = "Failed to fetch the timeline"
DEFAULT_SPAN: Final = timedelta(hours=24)

FromParameter = Annotated[
    str | None,
    QueryParameter(
        name="from",
        description=PARAMETER_HELP["from"] + " Default 24 hours before to.",
        format="date-time",
    ),
]
ToParameter = Annotated[
    str | None,
    QueryParameter(
        name="to", description=PARAMETER_HELP["to"] + " Default now.", format="date-time"
    ),
]
AgentParameter = Annotated[
    str | None,
    QueryParameter(
        name="agent",
        min_length=1,
        max_length=128,
        pattern=ID_PATTERN,
        description=PARAMETER_HELP["agent"],
    ),
]
KindParameter = Annotated[
    Kind | None, QueryParameter(name="kind", description=PARAMETER_HELP["kind"])
]


_Text = Annotated[str, msgspec.Meta(max_length=128, pattern=r"^[^\u0000]*$")]


class TimelineQuery(msgspec.Struct, frozen=True):
    """Selection and span of events; `user_id` is None for the fleet's."""

    user_id: str | None
    start: str | None
    stop: str | None
    agent_id: str | None
    kind: Kind | None

    def query(self) -> tuple[str | None, ...]:
        """Identifies the list that a cursor belongs to."""
        return ("timeline", *msgspec.structs.astuple(self))


class TimelinePosition(msgspec.Struct, frozen=True, array_like=True):
    """The start of a page: after the event with these sort values, all descending.

    `name` is the agent's or the deployment's id. Together the values identify one event, so that
    events of the same time are neither repeated nor skipped. `start` is the end of the list; the
    default, without `from`, is fixed by the first page.
    """

    start: datetime
    ts: datetime
    kind: _Text = ""
    user_id: _Text = ""
    name: _Text = ""
    place: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0


class Happened(msgspec.Struct, frozen=True):
    """An event from the database; `place` is the rank of its status among those of its kind."""

    ts: datetime
    kind: Kind
    user_id: str
    agent_id: str
    deployment_id: str
    status: Happening
    reason: str
    place: int


def first_place(requested: TimelineQuery, now: datetime) -> TimelinePosition:
    """The position of the newest event before `to`; raises Unusable (400) for an invalid span."""
    # Agents' clocks may be ahead of ours: without `to` only events up to now count.
    stop = now if requested.stop is None else _moment("to", requested.stop)
    start = stop - DEFAULT_SPAN if requested.start is None else _moment("from", requested.start)
    if start >= stop:
        raise Unusable("from must be before to, which is now by default.")
    return TimelinePosition(start, stop)


def _moment(name: str, text: str) -> datetime:
    try:
        return moment_of(text)
    except ValueError as error:
        raise Unusable(PARAMETER_HELP[name]) from error


def query_of(requested: TimelineQuery) -> str:
    """The name of the query that lists these events."""
    if requested.agent_id is not None:
        return "list_agent_timeline"
    return "list_fleet_timeline" if requested.user_id is None else "list_user_timeline"


def parameters_of(
    requested: TimelineQuery, place: TimelinePosition, limit: int
) -> dict[str, object]:
    """Parameters of the query for `limit` events and one more, which shows that a page follows."""
    return {
        "user_id": requested.user_id,
        "agent_id": requested.agent_id,
        "kind": requested.kind,
        "start": place.start,
        "after_ts": place.ts,
        "after_kind": place.kind,
        "after_user": place.user_id,
        "after_name": place.name,
        "after_place": place.place,
        "limit": limit + 1,
    }


def timeline_of(
    rows: Sequence[Happened],
    requested: TimelineQuery,
    place: TimelinePosition,
    limit: int,
    now: datetime,
) -> Timeline:
    """A page from the query's rows; one more row than `limit` means that a page follows."""
    shown = rows[:limit]
    following = ""
    if len(rows) > limit:
        following = issue(requested.query(), _after(shown[-1], place.start), now)
    return Timeline(events=[_event(row) for row in shown], next=following)


def _after(last: Happened, start: datetime) -> TimelinePosition:
    name = last.deployment_id if last.kind == "deployment" else last.agent_id
    return TimelinePosition(start, last.ts, last.kind, last.user_id, name, last.place)


def _event(row: Happened) -> TimelineEvent:
    return TimelineEvent(
        ts=row.ts,
        user_id=row.user_id,
        agent_id=row.agent_id,
        kind=row.kind,
        status=row.status,
        reason=row.reason,
        deployment_id=row.deployment_id,
    )


async def read(
    context: QueryContext, requested: TimelineQuery, limit: int, cursor: str | None
) -> Timeline:
    """A page of events; raises Unusable or ValidationException (400) for a bad span or cursor."""
    now = context.clock()
    place = first_place(requested, now)
    if cursor is not None:
        place = resume(cursor, requested.query(), TimelinePosition, now)
    parameters = parameters_of(requested, place, limit)
    rows = await context.database.fetch(query_of(requested), Happened, parameters)
    return timeline_of(rows, requested, place, limit, now)


def timeline(context: QueryContext) -> HTTPRouteHandler:
    """The route of a user's timeline."""

    @get(
        "/api/metrics/{userId:str}/timeline",
        opt=failure(FAILURE),
        operation_id="getTimeline",
        response_description="A page of timeline events",
        responses=answers(FAILURE),
        summary="Timeline of a user's agents",
    )
    async def get_timeline(
        user_id: UserId,
        start: FromParameter = None,
        stop: ToParameter = None,
        agent: AgentParameter = None,
        kind: KindParameter = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Response[Timeline]:
        """Status changes and deployments, newest first."""
        requested = TimelineQuery(user_id, start, stop, agent, kind)
        return await context.answer("timeline", read, requested, limit, cursor)

    return get_timeline


def fleet_timeline(context: QueryContext) -> HTTPRouteHandler:
    """The route of the fleet's timeline."""

    @get(
        "/api/metrics/timeline",
        opt=failure(FAILURE),
        operation_id="getFleetTimeline",
        response_description="A page of timeline events",
        responses=answers(FAILURE),
        summary="Timeline of all agents",
    )
    async def get_fleet_timeline(
        start: FromParameter = None,
        stop: ToParameter = None,
        agent: AgentParameter = None,
        kind: KindParameter = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Response[Timeline]:
        """Status changes and deployments of all users, newest first."""
        requested = TimelineQuery(None, start, stop, agent, kind)
        return await context.answer("timeline", read, requested, limit, cursor)

    return get_fleet_timeline

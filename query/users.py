"""The list of users with the state of their agents, from the fleet's summary."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from query.agents import EPOCH, SIGNS, OrderParameter
from query.context import QueryContext
from query.cursor import Cursor, issue, resume
from query.errors import PARAMETER_HELP, failure
from query.openapi import answers
from query.paging import Limit, PagePosition, Search
from query.rounding import error_rate, mean, rounded
from query.window import WindowParameter
from schemas.agents import Order, StateCounts, Window
from schemas.users import UserCounts, UserRow, Users, UserSort

FAILURE: Final = "Failed to fetch users"
# The default order puts the worst first, as in lists of agents.
WORST: Final[dict[UserSort, Order]] = {
    "attention": "desc",
    "userId": "asc",
    "agents": "desc",
    "cpu": "desc",
    "memory": "desc",
    "messages": "desc",
    "errors": "desc",
    "errorRate": "desc",
    "responseTime": "desc",
    "lastSeen": "asc",
}

SortParameter = Annotated[
    UserSort, QueryParameter(name="sort", description=PARAMETER_HELP["userSort"])
]


class UsersQuery(msgspec.Struct, frozen=True):
    """Selection and order of a list of users."""

    search: str | None
    window: Window
    sort: UserSort
    order: Order | None

    @property
    def ordered(self) -> Order:
        """The requested order, or the default with the worst first."""
        return self.order or WORST[self.sort]

    def query(self) -> tuple[str | None, ...]:
        """Identifies the list that a cursor belongs to."""
        return ("users", self.search, self.window, self.sort, self.ordered)


class UsersPageRow(msgspec.Struct, frozen=True):
    """A row of a page, with the counts of the whole list; on an empty page only the counts."""

    users_failed: int
    users_ok: int
    as_of: datetime
    user_id: str | None
    user_key: int | None
    active: int | None
    inactive: int | None
    failed: int | None
    removed: int | None
    cpu: float | None
    memory: float | None
    messages: int | None
    errors: int | None
    response_ms_sum: float | None
    response_messages: int | None
    ts: datetime | None
    figure: float | None
    place: int | None


def row_of(listed: UsersPageRow) -> UserRow:
    """A user: zeros for values that no agent has, two decimals."""
    errors, messages = listed.errors or 0, listed.messages or 0
    return UserRow(
        user_id=listed.user_id or "",
        agents=StateCounts(
            active=listed.active or 0,
            inactive=listed.inactive or 0,
            failed=listed.failed or 0,
            removed=listed.removed or 0,
        ),
        cpu=rounded(listed.cpu or 0.0),
        memory=rounded(listed.memory or 0.0),
        messages=messages,
        errors=errors,
        error_rate=error_rate(errors, messages),
        response_time=mean(listed.response_ms_sum or 0.0, listed.response_messages or 0),
        last_seen=listed.ts or EPOCH,
    )


def parameters_of(
    requested: UsersQuery, place: PagePosition, limit: int, now: datetime
) -> dict[str, object]:
    """Parameters of the query for `limit` users and one more, which shows that a page follows."""
    sort: UserSort = "userId" if place.after else requested.sort
    sign = SIGNS[requested.ordered]
    (after_user,) = place.ids(1)
    return {
        "search": requested.search,
        "window": requested.window,
        "sort": sort,
        "sign": sign,
        "ids": sign if requested.sort == "userId" else 1,
        "seen": place.keys(),
        "after_user": after_user,
        "limit": limit + 1,
        "now": now,
    }


def users_of(
    rows: Sequence[UsersPageRow],
    requested: UsersQuery,
    place: PagePosition,
    limit: int,
    now: datetime,
) -> Users:
    """A page from the query's rows; one more row than `limit` means that a page follows."""
    listed = [row for row in rows if row.user_key is not None]
    shown = listed[:limit]
    following = ""
    if len(listed) > limit:
        following = issue(requested.query(), _past(shown, requested, place), now)
    return Users(
        users=[row_of(row) for row in shown],
        counts=UserCounts(failed=rows[0].users_failed, ok=rows[0].users_ok),
        window=requested.window,
        as_of=rows[0].as_of,
        next=following,
    )


def _past(
    shown: Sequence[UsersPageRow], requested: UsersQuery, place: PagePosition
) -> PagePosition:
    last = (shown[-1].user_id or "",)
    if requested.sort == "userId":
        return place.past_ids(last)
    return place.past_rows([row.user_key for row in shown if row.user_key is not None], last)


async def read(
    context: QueryContext, requested: UsersQuery, limit: int, cursor: str | None
) -> Users:
    """A page of users; raises ValidationException (400) for a cursor of another list."""
    now = context.clock()
    place = (
        resume(cursor, requested.query(), PagePosition, now)
        if cursor is not None
        else PagePosition()
    )
    parameters = parameters_of(requested, place, limit, now)
    rows = await context.database.fetch("list_users", UsersPageRow, parameters)
    return users_of(rows, requested, place, limit, now)


def users(context: QueryContext) -> HTTPRouteHandler:
    """The route of all users."""

    @get(
        "/api/metrics/users",
        opt=failure(FAILURE),
        operation_id="getUsers",
        response_description="A page of users",
        responses=answers(FAILURE),
        summary="All users",
    )
    async def get_users(
        search: Search = None,
        window: WindowParameter = "15m",
        user_sort: SortParameter = "attention",
        order: OrderParameter = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Response[Users]:
        """Users with agents by state, current means and sums over the window."""
        requested = UsersQuery(search, window, user_sort, order)
        return await context.answer("users", read, requested, limit, cursor)

    return get_users

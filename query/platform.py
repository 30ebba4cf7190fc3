"""The whole platform: agents, messages, deployments, uptime, performance, storage."""

from datetime import date, datetime, timedelta
from typing import Final

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from query.context import QueryContext
from query.errors import failure
from query.openapi import answers
from query.rounding import error_rate, mean, rounded
from schemas.platform import (
    AgentCounts,
    DeploymentCounts,
    MessageCounts,
    Platform,
    PlatformMetrics,
    Quality,
    Storage,
    Uptime,
)

FAILURE: Final = "Failed to fetch metrics"
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


class PlatformWindows(msgspec.Struct, frozen=True):
    """The limits of the windows, all in UTC.

    `recent` starts the 24 hours that end with the current hour. `minute` is the current minute and
    the last of the 43,200 that start with `minutes_start`.
    """

    now: datetime
    today: datetime
    date: date
    week: datetime
    month: datetime
    recent: datetime
    minute: datetime
    minutes_start: datetime
    minutes_midnight: datetime


class PlatformTotals(msgspec.Struct, frozen=True):
    """Sums of the platform, from the database.

    `buckets` counts the finished buckets since each agent's first sample, summed over agents, and
    `buckets_up` those with a sample. `messages` to `response_messages` cover the last 24 hours.
    """

    agents: int
    agents_active: int
    agents_failed: int
    storage_used_mb: float
    storage_total_mb: float
    buckets: int
    buckets_up: int
    messages_today: int
    messages_this_week: int
    messages_this_month: int
    messages: int
    errors: int
    response_ms_sum: float
    response_messages: int
    deployments: int
    deployments_succeeded: int
    deployments_failed: int
    first_minute: datetime | None
    is_minute_up: bool
    minutes_up: int


def moments_of(now: datetime) -> PlatformWindows:
    """The windows at a time in UTC."""
    minute = now.replace(second=0, microsecond=0)
    today = minute.replace(hour=0, minute=0)
    minutes_start = minute - 30 * DAY + MINUTE
    return PlatformWindows(
        now=now,
        today=today,
        date=today.date(),
        week=today - today.weekday() * DAY,
        month=today.replace(day=1),
        recent=minute.replace(minute=0) - 23 * HOUR,
        minute=minute,
        minutes_start=minutes_start,
        minutes_midnight=minutes_start.replace(hour=0, minute=0) + DAY,
    )


def platform_of(totals: PlatformTotals, moments: PlatformWindows) -> Platform:
    """The answer at `moments.now`; percents and means have two decimals."""
    return Platform(
        metrics=PlatformMetrics(
            agents=_agents(totals),
            messages=MessageCounts(
                today=totals.messages_today,
                this_week=totals.messages_this_week,
                this_month=totals.messages_this_month,
            ),
            deployments=DeploymentCounts(
                total=totals.deployments,
                successful=totals.deployments_succeeded,
                failed=totals.deployments_failed,
            ),
            uptime=_uptime(totals, moments),
            performance=_quality(totals),
            storage=_storage(totals),
        ),
        timestamp=moments.now,
        status="ok",
    )


def _agents(totals: PlatformTotals) -> AgentCounts:
    return AgentCounts(
        total=totals.agents,
        active=totals.agents_active,
        inactive=totals.agents - totals.agents_active - totals.agents_failed,
        failed=totals.agents_failed,
    )


def _uptime(totals: PlatformTotals, moments: PlatformWindows) -> Uptime:
    return Uptime(
        platform_uptime=mean(100 * totals.minutes_up, _minutes(totals, moments)),
        average_agent_uptime=mean(100 * totals.buckets_up, totals.buckets),
    )


def _minutes(totals: PlatformTotals, moments: PlatformWindows) -> int:
    """Number of minutes that could have a heartbeat; the current one only if it has one."""
    if totals.first_minute is None or totals.first_minute > moments.minute:
        return 0
    first = max(totals.first_minute, moments.minutes_start)
    return (moments.minute - first) // MINUTE + totals.is_minute_up


def _quality(totals: PlatformTotals) -> Quality:
    rate = error_rate(totals.errors, totals.messages)
    return Quality(
        average_response_time=mean(totals.response_ms_sum, totals.response_messages),
        success_rate=f"{100 - rate:.2f}",
        error_rate=f"{rate:.2f}",
    )


def _storage(totals: PlatformTotals) -> Storage:
    total = totals.storage_total_mb
    return Storage(
        used=rounded(totals.storage_used_mb),
        total=rounded(total),
        percent_used=rounded(100 * totals.storage_used_mb / total) if total else 0.0,
    )


async def read(context: QueryContext) -> Platform:
    """The answer from the rollups of the whole fleet."""
    moments = moments_of(context.clock())
    parameters = msgspec.structs.asdict(moments)
    (totals,) = await context.database.fetch("platform", PlatformTotals, parameters)
    return platform_of(totals, moments)


def platform(context: QueryContext) -> HTTPRouteHandler:
    """The route of the whole platform."""

    @get(
        "/api/metrics",
        opt=failure(FAILURE),
        operation_id="getPlatform",
        response_description="The platform's metrics",
        responses=answers(FAILURE),
        summary="The whole platform",
    )
    async def get_platform() -> Response[Platform]:
        """Agents, messages, deployments, uptime, performance and storage of all users together."""
        return await context.answer("platform", read)

    return get_platform

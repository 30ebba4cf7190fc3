"""Points of a history: sums of the rollups, and the values computed from them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from query.context import QueryContext
from query.edges import WIDTHS
from query.rounding import error_rate, mean, rounded
from query.spans import FINEST, Level, Span, SpanParameters, custom_of, span_of, span_of_range
from schemas.history import Averages, Point

HOUR: Final = timedelta(hours=1)
FINE: Final = timedelta(minutes=5)
QUERIES: Final[Mapping[Level, str]] = {
    "agent_metrics_5m": "historical_5m",
    "agent_metrics_1h": "historical_hours",
    "agent_metrics_1d": "historical_days",
}


class PointSums(msgspec.Struct, frozen=True):
    """Sums of one point, from the database; `cpu_samples` is the number of samples with CPU.

    A maximum is None if no sample has the value.
    """

    timestamp: datetime
    cpu_samples: int
    cpu_sum: float
    cpu_max: float | None
    memory_samples: int
    memory_sum: float
    memory_max: float | None
    messages: int
    errors: int
    response_ms_sum: float
    response_messages: int
    agents: int


class Dropped(msgspec.Struct, frozen=True):
    """The time before which retention has dropped a level."""

    relation: str
    dropped_before: datetime


def points_of(rows: list[PointSums]) -> list[Point]:
    """The rows as points; means over a point's samples that have the value, two decimals."""
    return [
        Point(
            timestamp=row.timestamp,
            cpu=mean(row.cpu_sum, row.cpu_samples),
            memory=mean(row.memory_sum, row.memory_samples),
            messages=row.messages,
            errors=row.errors,
            response_time=mean(row.response_ms_sum, row.response_messages),
            error_rate=error_rate(row.errors, row.messages),
            cpu_max=rounded(row.cpu_max or 0.0),
            memory_max=rounded(row.memory_max or 0.0),
            agents=row.agents,
        )
        for row in rows
    ]


def averages_of(rows: list[PointSums]) -> Averages:
    """Means of percents over all samples that have them, of counts over points; two decimals."""
    return Averages(
        cpu=mean(sum(row.cpu_sum for row in rows), sum(row.cpu_samples for row in rows)),
        memory=mean(sum(row.memory_sum for row in rows), sum(row.memory_samples for row in rows)),
        messages=mean(sum(row.messages for row in rows), len(rows)),
        errors=mean(sum(row.errors for row in rows), len(rows)),
    )


async def read_span(
    context: QueryContext, requested: SpanParameters, user_id: str, agent_id: str | None
) -> tuple[Span, list[PointSums]]:
    """The span and its points with data, for all agents of the user or one; raises Unusable."""
    now = context.clock()
    if requested.is_range:
        span = span_of_range(requested.time_range, now)
        return span, await _read(context, span, user_id, agent_id)
    custom = custom_of(requested, now)
    while True:
        dropped = await _read_dropped(context)
        span = span_of(custom, dropped)
        rows = await _read(context, span, user_id, agent_id)
        # Retention may have dropped rows in between: then read again.
        if await _read_dropped(context) == dropped:
            return span, rows


def query_of(span: Span) -> tuple[str, dict[str, object]]:
    """The query for the span's points, and its parameters except user and agent."""
    if span.level != FINEST or WIDTHS[span.step] <= HOUR:
        return QUERIES[span.level], span.bounds()
    # Most hours of such a span are whole: reading them as hours takes a twelfth of the rows.
    hours = span.cut_hours()
    fine = [hour + place * FINE for hour in hours for place in range(HOUR // FINE)]
    return "historical_cut_hours", {**span.bounds(), "cuts": hours, "fine": fine}


async def _read(
    context: QueryContext, span: Span, user_id: str, agent_id: str | None
) -> list[PointSums]:
    name, bounds = query_of(span)
    owner = {"user_id": user_id, "agent_id": agent_id}
    return await context.database.fetch(name, PointSums, {**owner, **bounds})


async def _read_dropped(context: QueryContext) -> dict[str, datetime]:
    rows = await context.database.fetch("read_dropped", Dropped, {})
    return {row.relation: row.dropped_before for row in rows}

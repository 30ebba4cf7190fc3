"""The measured endpoints: path, SQL query and parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from query import platform, summary
from query.points import query_of
from query.spans import HOUR_STEPS, Span, SpanParameters, custom_of, span_of, span_of_range
from schemas.history import Range, Step

RANGES: Final[tuple[Range, ...]] = ("24h", "7d", "30d")


@dataclass(frozen=True)
class Endpoint:
    """A measured endpoint; `path` has a placeholder for the user, `parameters` lack the user."""

    name: str
    path: str
    query: str
    parameters: Mapping[str, object]

    def parameters_for(self, user_id: str) -> dict[str, object]:
        """The query's parameters for one user."""
        return {"user_id": user_id, **self.parameters}


def endpoints(now: datetime) -> tuple[Endpoint, ...]:
    """All endpoints, with their parameters at `now`."""
    return (
        Endpoint("platform", "/api/metrics", "platform", _fields(platform.moments_of(now))),
        *(_historical(time_range, now) for time_range in RANGES),
        Endpoint(
            "performance",
            "/api/metrics/{user}/performance",
            "performance",
            {"now": now - timedelta(seconds=1)},
        ),
        Endpoint(
            "summary", "/api/metrics/{user}/summary", "summary", _fields(summary.moments_of(now))
        ),
    )


def _historical(time_range: Range, now: datetime) -> Endpoint:
    path = f"/api/metrics/{{user}}/historical?range={time_range}"
    return _of_span(f"historical {time_range}", path, span_of_range(time_range, now), None)


def spans(now: datetime) -> tuple[Endpoint, ...]:
    """Histories of custom spans: of a user and an agent at each level, and of the platform."""
    day, month = (now - timedelta(days=days) for days in (1, 30))
    platform_month = span_of_range("30d", now)
    return (
        _span("historical, 400 points of 5 minutes", now - timedelta(minutes=1_995), now, "5m"),
        _span("historical, a day in hours, Kathmandu", day, now, "1h", "Asia/Kathmandu"),
        _span("historical, 7 days, Berlin", now - timedelta(days=7), now, "1d", "Europe/Berlin"),
        _span("an agent, a day of 5 minutes", day, now, "5m", agent_id="agent-7"),
        _platform("platform, 24 hours", span_of_range("24h", now)),
        _platform("platform, 30 days", platform_month),
        _platform("platform, 400 hours", _custom(now - timedelta(hours=399), now, "1h", "UTC")),
        _platform("platform, 30 days, Berlin", _custom(month, now, "1d", "Europe/Berlin")),
    )


def _custom(start: datetime, now: datetime, step: Step, zone: str) -> Span:
    parameters = SpanParameters(start=f"{start:%Y-%m-%dT%H:%M:%SZ}", step=step, tz=zone)
    return span_of(custom_of(parameters, now), {}, ("5m", *HOUR_STEPS))


def _span(
    name: str,
    start: datetime,
    now: datetime,
    step: Step,
    zone: str = "UTC",
    agent_id: str | None = None,
) -> Endpoint:
    return _of_span(name, "", _custom(start, now, step, zone), agent_id)


def _of_span(name: str, path: str, span: Span, agent_id: str | None) -> Endpoint:
    query, bounds = query_of(span)
    return Endpoint(name, path, query, {"agent_id": agent_id, **bounds})


def _platform(name: str, span: Span) -> Endpoint:
    return Endpoint(name, "", "platform_historical", span.bounds())


def _fields(moments: msgspec.Struct) -> dict[str, object]:
    return msgspec.structs.asdict(moments)

"""HTTP answers about the whole platform; conventions as in `schemas.responses`."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.responses import Answer

Percent = Annotated[str, Meta(pattern=r"^[0-9]{1,3}\.[0-9]{2}$")]


class AgentCounts(Answer, frozen=True, kw_only=True):
    """Agents that have sent a sample or a status event, by effective state."""

    total: Annotated[int, Meta(description="All agents that are not removed", examples=[40])]
    active: Annotated[
        int, Meta(description="Running, and sampled in the last 5 minutes", examples=[36])
    ]
    inactive: Annotated[int, Meta(description="Not active, failed or removed", examples=[3])]
    failed: Annotated[int, Meta(description="Failed, and not sampled since", examples=[1])]


class MessageCounts(Answer, frozen=True, kw_only=True):
    """Messages of all agents."""

    today: Annotated[int, Meta(description="Since the start of the UTC day", examples=[9_000])]
    this_week: Annotated[int, Meta(description="Since Monday", examples=[41_000])]
    this_month: Annotated[int, Meta(description="Since the first of the month", examples=[70_000])]


class DeploymentCounts(Answer, frozen=True, kw_only=True):
    """Deployments, each by its newest status."""

    total: Annotated[int, Meta(description="All, pending ones too", examples=[120])]
    successful: Annotated[int, Meta(description="Succeeded", examples=[110])]
    failed: Annotated[int, Meta(description="Failed", examples=[8])]


class Uptime(Answer, frozen=True, kw_only=True):
    """Shares of the time with a heartbeat or a sample."""

    platform_uptime: Annotated[
        float,
        Meta(
            description="Percent of minutes with a heartbeat of ingest, since the first heartbeat "
            "and in the last 30 days",
            examples=[99.98],
        ),
    ]
    average_agent_uptime: Annotated[
        float,
        Meta(
            description="Percent of 5-minute buckets with a sample, since each agent's first "
            "sample and in the last 30 UTC days, over all agents that are not removed",
            examples=[97.5],
        ),
    ]


class Quality(Answer, frozen=True, kw_only=True):
    """Response time and errors of the last 24 hours: the current hour and the 23 before."""

    average_response_time: Annotated[
        float,
        Meta(
            description="Milliseconds, mean over the messages of the last 24 hours with a known "
            "response time",
            examples=[84.2],
        ),
    ]
    success_rate: Annotated[
        Percent, Meta(description="Percent: 100 minus `errorRate`", examples=["99.75"])
    ]
    error_rate: Annotated[
        Percent,
        Meta(
            description="Percent: errors ÷ messages of the last 24 hours, at most 100; 100 for "
            "errors without messages",
            examples=["0.25"],
        ),
    ]


class Storage(Answer, frozen=True, kw_only=True):
    """Storage of all agents that are not removed, by each one's newest report."""

    used: Annotated[
        float,
        Meta(
            description="MB in use, sum of each agent's newest report (single precision)",
            examples=[5_120.0],
        ),
    ]
    total: Annotated[
        float,
        Meta(
            description="MB in total, sum of each agent's newest report (single precision)",
            examples=[20_480.0],
        ),
    ]
    percent_used: Annotated[
        float, Meta(description="Percent in use; 0 if the total is 0", examples=[25.0])
    ]


class PlatformMetrics(Answer, frozen=True, kw_only=True):
    """Metrics of all users' agents together."""

    agents: AgentCounts
    messages: MessageCounts
    deployments: DeploymentCounts
    uptime: Uptime
    performance: Quality
    storage: Storage


class Platform(Answer, frozen=True, kw_only=True):
    """Metrics of the whole platform."""

    metrics: PlatformMetrics
    timestamp: Annotated[datetime, Meta(description="Time of the answer")]
    status: Annotated[Literal["ok"], Meta(description="Always `ok`")]

"""HTTP answers about single agents; conventions as in `schemas.responses`."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.events import DeploymentStatus
from schemas.responses import Answer

AgentState = Literal["active", "inactive", "failed", "removed"]
Window = Literal["15m", "1h", "24h"]
Order = Literal["asc", "desc"]
AgentSort = Literal[
    "attention",
    "agentId",
    "lastSeen",
    "cpu",
    "memory",
    "storage",
    "messages",
    "errors",
    "errorRate",
    "responseTime",
]
Next = Annotated[
    str, Meta(description='Cursor of the next page, `""` on the last one', examples=[""])
]
WindowUsed = Annotated[
    Window,
    Meta(description="As requested: the newest 3, 12 or 288 5-minute buckets", examples=["15m"]),
]
ListAsOf = Annotated[
    datetime,
    Meta(description="When the rows were read; at most 5 seconds ago for the whole fleet"),
]


class StateCounts(Answer, frozen=True, kw_only=True):
    """Agents by effective state."""

    active: Annotated[
        int, Meta(description="Running, and sampled in the last 5 minutes", examples=[36])
    ]
    inactive: Annotated[int, Meta(description="Not active, failed or removed", examples=[3])]
    failed: Annotated[int, Meta(description="Failed, and not sampled since", examples=[1])]
    removed: Annotated[int, Meta(description="Removed, and not running since", examples=[2])]


class AgentRow(Answer, frozen=True, kw_only=True):
    """One agent: its state, its newest sample, and its sums over the window."""

    user_id: Annotated[str, Meta(description="User the agent belongs to", examples=["alice"])]
    agent_id: Annotated[str, Meta(description="Unique within its user", examples=["agent-1"])]
    state: Annotated[AgentState, Meta(description="Effective state", examples=["active"])]
    since: Annotated[datetime, Meta(description="When that state began")]
    reason: Annotated[
        str,
        Meta(
            description='Reason of the status event that set the state, or `""`',
            examples=[""],
        ),
    ]
    silent: Annotated[bool, Meta(description="No sample in the last 5 minutes", examples=[False])]
    first_seen: Annotated[
        datetime, Meta(description="Time of its first sample; the Unix epoch without samples")
    ]
    last_seen: Annotated[
        datetime, Meta(description="Time of its newest sample; the Unix epoch without samples")
    ]
    cpu: Annotated[float, Meta(description="Percent, of its newest sample", examples=[31.4])]
    memory: Annotated[float, Meta(description="Percent, of its newest sample", examples=[62.75])]
    storage_used: Annotated[
        float, Meta(description="MB, of its newest sample that has storage", examples=[128.0])
    ]
    storage_total: Annotated[
        float, Meta(description="MB, of its newest sample that has storage", examples=[512.0])
    ]
    messages: Annotated[int, Meta(description="Sum over the window", examples=[900])]
    errors: Annotated[int, Meta(description="Sum over the window", examples=[3])]
    error_rate: Annotated[
        float,
        Meta(
            description="Percent: errors ÷ messages over the window, at most 100; 100 for errors "
            "without messages",
            examples=[0.33],
        ),
    ]
    response_time: Annotated[
        float,
        Meta(
            description="Milliseconds, mean over the window's messages with a known response time",
            examples=[84.2],
        ),
    ]
    uptime: Annotated[
        float,
        Meta(
            description="Percent of 5-minute buckets with a sample, since its first sample and in "
            "the last 30 UTC days",
            examples=[97.5],
        ),
    ]


class Agents(Answer, frozen=True, kw_only=True):
    """A page of agents, with counts by state."""

    agents: Annotated[list[AgentRow], Meta(description="In the requested order")]
    counts: StateCounts
    window: WindowUsed
    as_of: ListAsOf
    next: Next


class Deployment(Answer, frozen=True, kw_only=True):
    """A deployment to an agent, with its newest status."""

    deployment_id: Annotated[
        str, Meta(description="Unique within its user", examples=["deployment-7"])
    ]
    ts: Annotated[datetime, Meta(description="Time of its newest status")]
    status: Annotated[DeploymentStatus, Meta(description="Its newest status")]


class Agent(AgentRow, frozen=True, kw_only=True):
    """One agent, with its deployments."""

    deployments: Annotated[list[Deployment], Meta(description="The newest 10, newest first")]
    window: WindowUsed
    as_of: ListAsOf

"""HTTP answers about single users; conventions as in `schemas.responses`."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.agents import ListAsOf, Next, StateCounts, WindowUsed
from schemas.responses import Answer

UserSort = Literal[
    "attention",
    "userId",
    "agents",
    "cpu",
    "memory",
    "messages",
    "errors",
    "errorRate",
    "responseTime",
    "lastSeen",
]


class UserCounts(Answer, frozen=True, kw_only=True):
    """Users with and without a failed agent."""

    failed: Annotated[int, Meta(description="Users with a failed agent", examples=[1])]
    ok: Annotated[int, Meta(description="Users without one", examples=[4])]


class UserRow(Answer, frozen=True, kw_only=True):
    """One user: the current state of their agents, and sums over the window."""

    user_id: Annotated[str, Meta(description="The user", examples=["alice"])]
    agents: StateCounts
    cpu: Annotated[
        float,
        Meta(
            description="Percent, mean over each agent's newest sample of the last 5 minutes",
            examples=[31.4],
        ),
    ]
    memory: Annotated[
        float,
        Meta(
            description="Percent, mean over each agent's newest sample of the last 5 minutes",
            examples=[62.75],
        ),
    ]
    messages: Annotated[int, Meta(description="Sum over the window", examples=[9000])]
    errors: Annotated[int, Meta(description="Sum over the window", examples=[12])]
    error_rate: Annotated[
        float,
        Meta(
            description="Percent: errors ÷ messages over the window, at most 100; 100 for errors "
            "without messages",
            examples=[0.13],
        ),
    ]
    response_time: Annotated[
        float,
        Meta(
            description="Milliseconds, mean over the window's messages with a known response time",
            examples=[84.2],
        ),
    ]
    last_seen: Annotated[
        datetime,
        Meta(description="Time of the newest sample of any agent; the Unix epoch without samples"),
    ]


class Users(Answer, frozen=True, kw_only=True):
    """A page of users, with counts."""

    users: Annotated[list[UserRow], Meta(description="In the requested order")]
    counts: UserCounts
    window: WindowUsed
    as_of: ListAsOf
    next: Next

"""What the HTTP service answers about users one by one; as in `schemas.responses`."""

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
    """Users by whether any of their agents has failed."""

    failed: Annotated[int, Meta(description="Users with a failed agent", examples=[1])]
    ok: Annotated[int, Meta(description="Users without one", examples=[4])]


class UserRow(Answer, frozen=True, kw_only=True):
    """One user: their agents, as these do now and did in the window."""

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
            description="Percent: errors ÷ messages over the window, at most 100; errors without "
            "messages are 100",
            examples=[0.13],
        ),
    ]
    response_time: Annotated[
        float,
        Meta(
            description="Milliseconds, mean over the messages of the window whose time is known",
            examples=[84.2],
        ),
    ]
    last_seen: Annotated[
        datetime,
        Meta(description="Time of the newest sample of any agent, the epoch without any"),
    ]


class Users(Answer, frozen=True, kw_only=True):
    """A page of users, and how many there are."""

    users: Annotated[list[UserRow], Meta(description="In the order asked for")]
    counts: UserCounts
    window: WindowUsed
    as_of: ListAsOf
    next: Next

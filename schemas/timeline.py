"""What the HTTP service answers about what happened; as in `schemas.responses`."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.agents import Next
from schemas.responses import Answer

Kind = Literal["status", "deployment"]
Happening = Literal["running", "stopped", "failed", "removed", "pending", "succeeded"]


class TimelineEvent(Answer, frozen=True, kw_only=True):
    """An agent's status, or a deployment's."""

    ts: Annotated[datetime, Meta(description="When it happened")]
    user_id: Annotated[str, Meta(description="User the agent belongs to", examples=["alice"])]
    agent_id: Annotated[str, Meta(description="Unique within its user", examples=["agent-1"])]
    kind: Annotated[Kind, Meta(description="What it is the status of", examples=["status"])]
    status: Annotated[
        Happening,
        Meta(
            description="Of an agent `running`, `stopped`, `failed` or `removed`; of a deployment "
            "`pending`, `succeeded` or `failed`",
            examples=["failed"],
        ),
    ]
    reason: Annotated[
        str,
        Meta(
            description='Why, in the sender\'s words; `""` without, and of a deployment',
            examples=["out of memory"],
        ),
    ]
    deployment_id: Annotated[
        str, Meta(description='Unique within its user; `""` of an agent\'s status', examples=[""])
    ]


class Timeline(Answer, frozen=True, kw_only=True):
    """A page of what happened."""

    events: Annotated[list[TimelineEvent], Meta(description="Newest first")]
    next: Next

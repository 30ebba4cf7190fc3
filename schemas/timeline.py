"""HTTP answers about status events and deployments; conventions as in `schemas.responses`."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.agents import Next
from schemas.responses import Answer

Kind = Literal["status", "deployment"]
Happening = Literal["running", "stopped", "failed", "removed", "pending", "succeeded"]


class TimelineEvent(Answer, frozen=True, kw_only=True):
    """A status event of an agent or of a deployment."""

    ts: Annotated[datetime, Meta(description="When it happened")]
    user_id: Annotated[str, Meta(description="User the agent belongs to", examples=["alice"])]
    agent_id: Annotated[str, Meta(description="Unique within its user", examples=["agent-1"])]
    kind: Annotated[Kind, Meta(description="Of an agent: `status`", examples=["status"])]
    status: Annotated[
        Happening,
        Meta(
            description="Agents: `running`, `stopped`, `failed` or `removed`; deployments: "
            "`pending`, `succeeded` or `failed`",
            examples=["failed"],
        ),
    ]
    reason: Annotated[
        str,
        Meta(
            description='Reason as sent; `""` without one, and for deployments',
            examples=["out of memory"],
        ),
    ]
    deployment_id: Annotated[
        str, Meta(description='Unique within its user; `""` for an agent\'s status', examples=[""])
    ]


class Timeline(Answer, frozen=True, kw_only=True):
    """A page of timeline events."""

    events: Annotated[list[TimelineEvent], Meta(description="Newest first")]
    next: Next

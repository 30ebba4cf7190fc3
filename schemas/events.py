"""Events that agents and business systems send to Kafka, one Struct per event type.

A message is one event or an array of them, as JSON or MessagePack; `type` names the event type.
Unknown fields are ignored. Times are RFC 3339 with an offset; ids are unique within their user.
"""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

MAX_EVENTS_A_MESSAGE: Final = 1_000

# `.` and `..` are not valid ids, since a URL path cannot contain them.
# `$` also matches before a final newline in Python; the look-ahead rules that out. Published
# schemas express it without look-ahead: schemas/portable.py.
ID_PATTERN: Final = (
    r"^(?:[A-Za-z0-9_~:@-]|\.[A-Za-z0-9_~:@-]|\.\.[A-Za-z0-9._~:@-])[A-Za-z0-9._~:@-]*$(?!\n)"
)
ID_TAKES: Final = "1 to 128 of A-Z a-z 0-9 . _ ~ : @ -, other than . and .."
Id = Annotated[str, Meta(min_length=1, max_length=128, pattern=ID_PATTERN, title="Id")]
Time = Annotated[datetime, Meta(tz=True)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Milliseconds = Annotated[float, Meta(ge=0, le=86_400_000)]
Megabytes = Annotated[float, Meta(ge=0, le=1e12)]
# PostgreSQL's bigint.
Amount = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)", description="ISO 4217 code")]
# PostgreSQL's text type cannot store NUL.
Text = Annotated[str, Meta(max_length=1_000, pattern=r"^[^\u0000]*$")]

AgentStatus = Literal["running", "stopped", "failed", "removed"]
DeploymentStatus = Literal["pending", "succeeded", "failed"]
BookingStatus = Literal["pending", "completed", "cancelled"]
Segment = Literal["superfan", "casual", "new"]


class _Event(
    msgspec.Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    tag_field="type",
    rename="camel",
    # Unknown values are left out instead of sent as null: decoding takes half the time.
    omit_defaults=True,
):
    """Fields of every event: its user and its time."""

    user_id: Id
    ts: Time


class Sample(_Event, tag="sample", frozen=True, gc=False, kw_only=True):
    """Resource use and work of one agent since its previous sample.

    `cpu` and `memory` are percent of the agent's limit; `messages` and `errors` are counts since
    the previous sample; `responseMs` is the mean over those messages. An agent leaves out values
    that it cannot measure.
    """

    agent_id: Id
    cpu: Percent | None = None
    memory: Percent | None = None
    messages: Count
    errors: Count
    response_ms: Milliseconds | None = None
    storage_used_mb: Megabytes | None = None
    storage_total_mb: Megabytes | None = None


# The fields of a sample of which the levels keep the mean and the maximum.
GAUGES: Final = ("cpu", "memory")


class Status(_Event, tag="status", frozen=True, gc=False, kw_only=True):
    """An agent changed its state; `removed` lasts until `running`."""

    agent_id: Id
    status: AgentStatus
    reason: Text | None = None


class Deployment(_Event, tag="deployment", frozen=True, gc=False, kw_only=True):
    """A deployment to an agent reached a status."""

    deployment_id: Id
    agent_id: Id
    status: DeploymentStatus


class Payment(_Event, tag="payment", frozen=True, gc=False, kw_only=True):
    """Money received, in minor units of its currency; negative for a refund."""

    payment_id: Id
    amount: Amount
    currency: Currency


class Booking(_Event, tag="booking", frozen=True, gc=False, kw_only=True):
    """A booking reached a status."""

    booking_id: Id
    status: BookingStatus


class Fan(_Event, tag="fan", frozen=True, gc=False, kw_only=True):
    """A fan was active at `ts` and belongs to this segment."""

    fan_id: Id
    segment: Segment


class Play(_Event, tag="play", frozen=True, gc=False, kw_only=True):
    """A listener played something `count` times."""

    play_id: Id
    listener_id: Id
    count: Count = 1


class Skill(_Event, tag="skill", frozen=True, gc=False, kw_only=True):
    """A skill was switched on or off."""

    skill_id: Id
    active: bool


Event = Sample | Status | Deployment | Payment | Booking | Fan | Play | Skill
Message = Event | Annotated[list[Event], Meta(max_length=MAX_EVENTS_A_MESSAGE)]

"""HTTP answers with points over time; conventions as in `schemas.responses`."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from schemas.responses import Answer

Range = Literal["24h", "7d", "30d"]
HourStep = Literal["1h", "6h", "1d"]
Step = Literal["5m", "15m", "1h", "6h", "1d"]


class Point(Answer, frozen=True, kw_only=True):
    """One step of a history."""

    timestamp: Annotated[datetime, Meta(description="Start of the bucket")]
    cpu: Annotated[
        float, Meta(description="Percent, mean over all samples of the agents", examples=[12.5])
    ]
    memory: Annotated[
        float, Meta(description="Percent, mean over all samples of the agents", examples=[48.25])
    ]
    messages: Annotated[int, Meta(description="Sum in the bucket", examples=[1200])]
    errors: Annotated[int, Meta(description="Sum in the bucket", examples=[3])]
    response_time: Annotated[
        float,
        Meta(
            description="Milliseconds, mean over messages with a known response time",
            examples=[84.2],
        ),
    ]
    error_rate: Annotated[
        float,
        Meta(
            description="Percent: errors ÷ messages, at most 100; 100 for errors without messages",
            examples=[0.25],
        ),
    ]
    cpu_max: Annotated[float, Meta(description="Percent, largest of all samples", examples=[97.0])]
    memory_max: Annotated[
        float, Meta(description="Percent, largest of all samples", examples=[71.5])
    ]
    agents: Annotated[
        int,
        Meta(
            description="Agents with a sample in the bucket; the maximum if the bucket combines "
            "several finer ones",
            examples=[50],
        ),
    ]


class Averages(Answer, frozen=True, kw_only=True):
    """Means over the whole range."""

    cpu: Annotated[
        float, Meta(description="Percent, mean over all samples in the range", examples=[13.1])
    ]
    memory: Annotated[
        float, Meta(description="Percent, mean over all samples in the range", examples=[48.95])
    ]
    messages: Annotated[float, Meta(description="Mean per point returned", examples=[1000.0])]
    errors: Annotated[float, Meta(description="Mean per point returned", examples=[1.5])]


UserId = Annotated[str, Meta(description="As requested", examples=["alice"])]
AgentId = Annotated[str, Meta(description="As requested", examples=["agent-1"])]
TimeRange = Annotated[
    Literal[Range, "custom"],
    Meta(description="As requested; `custom` with `from`", examples=["7d"]),
]
Points = Annotated[
    list[Point],
    Meta(description="In time order, only buckets with data; the newest may be incomplete"),
]
From = Annotated[datetime, Meta(description="Start of the first bucket")]
To = Annotated[datetime, Meta(description="End of the last bucket, exclusive")]
Width = Annotated[Step, Meta(description="Width of a bucket", examples=["6h"])]
Zone = Annotated[
    str, Meta(description="Time zone in which buckets begin", examples=["Europe/Berlin"])
]


class Historical(Answer, frozen=True, kw_only=True):
    """A user's history in points of whole buckets."""

    user_id: UserId
    time_range: TimeRange
    metrics: Points
    averages: Averages
    from_: From = msgspec.field(name="from")
    to: To
    step: Width
    tz: Zone


class AgentHistorical(Answer, frozen=True, kw_only=True):
    """An agent's history in points of whole buckets."""

    user_id: UserId
    agent_id: AgentId
    time_range: TimeRange
    metrics: Points
    averages: Averages
    from_: From = msgspec.field(name="from")
    to: To
    step: Width
    tz: Zone


class PlatformHistorical(Answer, frozen=True, kw_only=True):
    """The history of all users' agents together, in points of whole buckets."""

    time_range: TimeRange
    metrics: Points
    averages: Averages
    from_: From = msgspec.field(name="from")
    to: To
    step: Width
    tz: Zone

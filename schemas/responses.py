"""What the HTTP service answers. Numbers are never null; times are UTC, ISO 8601 with `Z`."""

from datetime import datetime
from typing import Literal

import msgspec

Range = Literal["24h", "7d", "30d"]
Freshness = Literal["ok", "stale", "no_data"]


class _Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Answers share the camelCase of the contract."""


class Error(_Answer, frozen=True, kw_only=True):
    """One sentence on what was wrong."""

    error: str


class Point(_Answer, frozen=True, kw_only=True):
    """One bucket: `cpu` and `memory` are percent, means over its samples; the counts are sums."""

    timestamp: datetime
    cpu: float
    memory: float
    messages: int
    errors: int


class Averages(_Answer, frozen=True, kw_only=True):
    """`cpu` and `memory`: percent, means over all samples; the counts: means per point."""

    cpu: float
    memory: float
    messages: float
    errors: float


class Historical(_Answer, frozen=True, kw_only=True):
    """A user's history in time order, buckets with data only."""

    user_id: str
    time_range: Range
    metrics: list[Point]
    averages: Averages


class Performance(_Answer, frozen=True, kw_only=True):
    """How a user's agents do right now.

    `cpu`, `memory`: percent, means over each agent's newest sample of the last 5 minutes;
    `error_rate`: percent, and `response_time`: milliseconds, both over the last 15 minutes.
    `as_of` is the time of the newest sample, the epoch where there is none.
    """

    cpu: float
    memory: float
    error_rate: float
    response_time: float
    status: Freshness
    as_of: datetime


class Live(_Answer, frozen=True, kw_only=True):
    """The process runs."""

    status: Literal["ok"]


class Ready(_Answer, frozen=True, kw_only=True):
    """Whether requests can be answered; `reasons` says why not."""

    status: Literal["ok", "unavailable"]
    reasons: list[str]

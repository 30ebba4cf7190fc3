"""The span of a history: its points, and the rollup level that has them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal, NamedTuple, TypeVar, get_args
from zoneinfo import ZoneInfo

import msgspec
from litestar.params import QueryParameter

from query.edges import WIDTHS, edges_of
from query.errors import PARAMETER_HELP, Unusable
from query.moments import moment_of
from query.zones import zone_of
from schemas.history import HourStep, Range, Step

Level = Literal["agent_metrics_5m", "agent_metrics_1h", "agent_metrics_1d"]
Value = TypeVar("Value")

DEFAULT_MAX_POINTS: Final = 400
MOST_POINTS: Final = 2_000
STEPS: Final[Sequence[Step]] = get_args(Step)
HOUR_STEPS: Final[Sequence[Step]] = get_args(HourStep)
# A level covers spans whose edges are on its UTC buckets; coarsest first.
COARSE_LEVELS: Final[Sequence[tuple[Level, timedelta]]] = (
    ("agent_metrics_1d", timedelta(days=1)),
    ("agent_metrics_1h", timedelta(hours=1)),
)
FINEST: Final[Level] = "agent_metrics_5m"
RANGES: Final[Mapping[Range, tuple[int, Step]]] = {
    "24h": (24, "1h"),
    "7d": (28, "6h"),
    "30d": (30, "1d"),
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR: Final = timedelta(hours=1)
UTC_NAME: Final = "UTC"

_DEFAULT_STEP: Final = " Default: the finest with at most 400 points."

RangeParameter = Annotated[
    Range | None,
    QueryParameter(name="range", description=PARAMETER_HELP["range"] + " Default 24h."),
]
FromParameter = Annotated[
    str | None, QueryParameter(name="from", description=PARAMETER_HELP["from"], format="date-time")
]
ToParameter = Annotated[
    str | None,
    QueryParameter(
        name="to", description=PARAMETER_HELP["to"] + " Default now.", format="date-time"
    ),
]
StepParameter = Annotated[
    Step | None, QueryParameter(name="step", description=PARAMETER_HELP["step"] + _DEFAULT_STEP)
]
HourStepParameter = Annotated[
    HourStep | None,
    QueryParameter(name="step", description=PARAMETER_HELP["hourStep"] + _DEFAULT_STEP),
]
ZoneParameter = Annotated[
    str | None, QueryParameter(name="tz", description=PARAMETER_HELP["tz"] + " Default UTC.")
]


class SpanParameters(msgspec.Struct, frozen=True):
    """The query parameters; None if absent."""

    time_range: Range | None = None
    start: str | None = None
    stop: str | None = None
    step: Step | None = None
    tz: str | None = None

    @property
    def is_range(self) -> bool:
        """Whether the request names a range, not a custom span."""
        return self.start is self.stop is self.step is self.tz is None


class Span(msgspec.Struct, frozen=True):
    """One point between each two consecutive `edges`, which are in UTC."""

    time_range: Range | Literal["custom"]
    edges: Sequence[datetime]
    step: Step
    tz: str

    @property
    def start(self) -> datetime:
        """The start, inclusive."""
        return self.edges[0]

    @property
    def stop(self) -> datetime:
        """The end, exclusive."""
        return self.edges[-1]

    @property
    def points(self) -> int:
        """Number of points, including those without data."""
        return len(self.edges) - 1

    @property
    def level(self) -> Level:
        """The coarsest level whose buckets are not split by an edge."""
        return next((level for level, width in COARSE_LEVELS if self.is_aligned_to(width)), FINEST)

    def is_aligned_to(self, width: timedelta) -> bool:
        """Whether all edges are multiples of a width in UTC."""
        return not any((edge - _EPOCH) % width for edge in self.edges)

    def bounds(self) -> dict[str, object]:
        """The parameters of a query."""
        return {"edges": list(self.edges), "start": self.start, "stop": self.stop}

    def cut_hours(self) -> list[datetime]:
        """The UTC hours that an edge splits."""
        hours = {edge - (edge - _EPOCH) % _HOUR for edge in self.edges if (edge - _EPOCH) % _HOUR}
        return sorted(hours)


class Custom(NamedTuple):
    """A requested span [start, stop), in UTC, before both ends are widened to whole steps."""

    start: datetime
    stop: datetime
    step: Step | None
    zone: ZoneInfo

    def span(self, step: Step) -> Span | None:
        """The span in points of that step; None if there are too many."""
        if (self.stop - self.start) / WIDTHS[step] > MOST_POINTS + 1:
            return None
        edges = edges_of(self.start, self.stop, step, self.zone)
        span = Span("custom", edges, step, self.zone.key)
        return span if span.points <= MOST_POINTS else None


def span_of_range(time_range: Range | None, now: datetime) -> Span:
    """The span of a range, in UTC; the last point contains `now` and is unfinished."""
    time_range = time_range or "24h"
    points, step = RANGES[time_range]
    width = WIDTHS[step]
    current = _EPOCH + (now - _EPOCH) // width * width
    edges = [current + (place - points + 1) * width for place in range(points + 1)]
    return Span(time_range, edges, step, UTC_NAME)


def custom_of(requested: SpanParameters, now: datetime) -> Custom:
    """The custom span requested at `now` (UTC); raises Unusable."""
    if requested.time_range is not None:
        raise Unusable("range cannot be combined with from, to, step or tz.")
    if requested.start is None:
        raise Unusable(f"to, step and tz require from: {PARAMETER_HELP['from']}")
    start = _parsed("from", moment_of, requested.start)
    # Without `to` the last point is the one that contains `now`.
    stop = (
        now + datetime.resolution
        if requested.stop is None
        else _parsed("to", moment_of, requested.stop)
    )
    zone = _parsed("tz", zone_of, UTC_NAME if requested.tz is None else requested.tz)
    if start >= stop:
        raise Unusable("from must be before to, which is now by default.")
    return Custom(start, stop, requested.step, zone)


def span_of(custom: Custom, dropped: Mapping[str, datetime], steps: Sequence[Step] = STEPS) -> Span:
    """The span in the requested step, or by default in the finest suitable one.

    `dropped` has the time before which retention has dropped a level; `steps` are the available
    steps, finest first. Raises Unusable.
    """
    if custom.step is None:
        return _default(custom, dropped, steps)
    span = custom.span(custom.step)
    if span is not None and _is_held(span, dropped):
        return span
    reason = f"gives more than {MOST_POINTS:,} points" if span is None else "is no longer kept"
    accepted = _accepted(custom, dropped, steps)
    raise Unusable(f"step: {custom.step} {reason} for this span; {accepted}")


def _parsed(name: str, parse: Callable[[str], Value], text: str) -> Value:
    try:
        return parse(text)
    except ValueError as error:
        raise Unusable(PARAMETER_HELP[name]) from error


def _default(custom: Custom, dropped: Mapping[str, datetime], steps: Sequence[Step]) -> Span:
    """Of the spans with data, the finest with at most DEFAULT_MAX_POINTS, or else the coarsest."""
    found = None
    for span in _possible(custom, dropped, steps):
        found = span
        if span.points <= DEFAULT_MAX_POINTS:
            break
    if found is None:
        accepted = _accepted(custom, dropped, steps)
        raise Unusable(f"No step is available for this span; {accepted}")
    return found


def _possible(
    custom: Custom, dropped: Mapping[str, datetime], steps: Sequence[Step]
) -> Iterator[Span]:
    for step in steps:
        span = custom.span(step)
        if span is not None and _is_held(span, dropped):
            yield span


def _is_held(span: Span, dropped: Mapping[str, datetime]) -> bool:
    since = dropped.get(span.level)
    return since is None or since <= span.start


def _accepted(custom: Custom, dropped: Mapping[str, datetime], steps: Sequence[Step]) -> str:
    """The alternative that would be accepted, for the error sentence."""
    finest = next(_possible(custom, dropped, steps), None)
    if finest is not None:
        return f"the finest step that is available for it is {finest.step}."
    in_utc = custom._replace(zone=zone_of(UTC_NAME))
    if next(_possible(in_utc, dropped, steps), None) is not None:
        return f"it is available with step 1d and tz {UTC_NAME}."
    return f"from and to take {MOST_POINTS:,} days at most, in steps of 1d."

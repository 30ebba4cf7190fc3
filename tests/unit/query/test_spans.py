"""Which span, step and level answer what is asked for, and the sentence where none does."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from query.edges import WIDTHS
from query.errors import PARAMETER_HELP, Unusable
from query.spans import HOUR_STEPS, Span, SpanParameters, custom_of, span_of, span_of_range
from schemas.history import Range

NOW = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
FIVE, HOURS, DAYS = "agent_metrics_5m", "agent_metrics_1h", "agent_metrics_1d"
# As of retention of 90 and 365 days.
DROPPED = {
    "agent_samples": NOW - timedelta(days=38),
    FIVE: datetime(2025, 12, 11, tzinfo=UTC),
    HOURS: datetime(2025, 3, 6, tzinfo=UTC),
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def asked(text: str) -> SpanParameters:
    """Parameters by their names in the URL: `from=… to=…`; a day is its midnight UTC."""
    names = {"from": "start", "to": "stop", "range": "time_range"}
    found: dict[str, Any] = dict(word.split("=", 1) for word in text.split())
    for name in ("from", "to"):
        if len(found.get(name, "")) == len("2026-03-10"):
            found[name] += "T00:00:00Z"
    return SpanParameters(**{names.get(name, name): value for name, value in found.items()})


# range, now, start, stop
WINDOWS: list[tuple[Range, str, str, str]] = [
    ("24h", "2026-03-10T14:35Z", "2026-03-09T15:00Z", "2026-03-10T15:00Z"),
    ("24h", "2026-03-10T14:00Z", "2026-03-09T15:00Z", "2026-03-10T15:00Z"),
    ("24h", "2026-03-10T14:59:59.999999Z", "2026-03-09T15:00Z", "2026-03-10T15:00Z"),
    ("24h", "2026-03-10T00:00Z", "2026-03-09T01:00Z", "2026-03-10T01:00Z"),
    ("7d", "2026-03-10T14:35Z", "2026-03-03T18:00Z", "2026-03-10T18:00Z"),
    ("7d", "2026-03-10T12:00Z", "2026-03-03T18:00Z", "2026-03-10T18:00Z"),
    ("7d", "2026-03-10T11:59:59.999999Z", "2026-03-03T12:00Z", "2026-03-10T12:00Z"),
    ("7d", "2026-01-01T00:00Z", "2025-12-25T06:00Z", "2026-01-01T06:00Z"),
    ("30d", "2026-03-10T14:35Z", "2026-02-09T00:00Z", "2026-03-11T00:00Z"),
    ("30d", "2024-03-01T00:00Z", "2024-02-01T00:00Z", "2024-03-02T00:00Z"),
    ("30d", "2025-12-31T23:59:59.999999Z", "2025-12-02T00:00Z", "2026-01-01T00:00Z"),
]
# points, level
RANGES = {"24h": (24, HOURS), "7d": (28, HOURS), "30d": (30, DAYS)}


@pytest.mark.parametrize(("time_range", "now", "start", "stop"), WINDOWS)
def test_ranges(time_range: Range, now: str, start: str, stop: str) -> None:
    span = span_of_range(time_range, at(now))
    assert (span.start, span.stop) == (at(start), at(stop))
    assert (span.points, span.level) == RANGES[time_range]
    # The same from outside, whatever retention holds.
    text = f"from={at(start):%Y-%m-%dT%H:%M:%SZ} step={span.step}"
    custom = span_of(custom_of(asked(text), at(now)), {})
    assert custom == Span("custom", span.edges, span.step, "UTC")


@pytest.mark.parametrize(
    ("text", "step", "start", "stop", "level"),
    [
        ("from=2026-03-10", "5m", "2026-03-10T00:00Z", "2026-03-10T14:40Z", FIVE),
        ("from=2026-03-09", "15m", "2026-03-09T00:00Z", "2026-03-10T14:45Z", FIVE),
        ("from=2026-03-01", "1h", "2026-03-01T00:00Z", "2026-03-10T15:00Z", HOURS),
        ("from=2026-02-01", "6h", "2026-02-01T00:00Z", "2026-03-10T18:00Z", HOURS),
        ("from=2025-03-10", "1d", "2025-03-10T00:00Z", "2026-03-11T00:00Z", DAYS),
        # 400 points and 401.
        ("from=2026-03-01 to=2026-03-17T16:00:00Z", "1h", "2026-03-01", "2026-03-17T16:00Z", HOURS),
        ("from=2026-03-01 to=2026-03-17T16:00:01Z", "6h", "2026-03-01", "2026-03-17T18:00Z", HOURS),
        # More than 400 of every step, and no more than 2,000.
        ("from=2021-01-01", "1d", "2021-01-01T00:00Z", "2026-03-11T00:00Z", DAYS),
        # Finer steps have been dropped.
        ("from=2025-11-01 to=2025-11-01T05:00:00Z", "1h", "2025-11-01", "2025-11-01T05:00Z", HOURS),
        ("from=2024-11-01 to=2024-11-01T05:00:00Z", "1d", "2024-11-01", "2024-11-02T00:00Z", DAYS),
    ],
)
def test_the_default_step(text: str, step: str, start: str, stop: str, level: str) -> None:
    span = span_of(custom_of(asked(text), NOW), DROPPED)
    assert (span.step, span.start, span.stop) == (step, utc(start), utc(stop))
    assert (span.level, span.tz, span.time_range) == (level, "UTC", "custom")


def utc(text: str) -> datetime:
    return at(text if "T" in text else f"{text}T00:00Z")


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("step=1d tz=UTC", DAYS),
        ("step=1d tz=Europe/London", DAYS),
        ("step=1d tz=Europe/Berlin", HOURS),
        ("step=6h tz=America/New_York", HOURS),
        ("step=6h tz=UTC", HOURS),
        ("step=1d tz=Asia/Kolkata", FIVE),
        ("step=1h tz=Asia/Kathmandu", FIVE),
        ("step=6h tz=Australia/Lord_Howe", HOURS),
        ("step=6h tz=Australia/Adelaide", FIVE),
        ("step=15m tz=UTC", FIVE),
    ],
)
def test_the_level_is_the_coarsest_that_has_every_edge(text: str, level: str) -> None:
    span = span_of(custom_of(asked(f"from=2026-03-01 to=2026-03-09 {text}"), NOW), DROPPED)
    assert span.level == level


@pytest.mark.parametrize(
    ("zone", "step", "cuts"),
    [
        ("UTC", "1h", []),
        ("Asia/Kolkata", "1d", ["18", "18"]),
        ("Asia/Kathmandu", "6h", ["12", "18", "00"]),
    ],
)
def test_hours_that_an_edge_divides(zone: str, step: str, cuts: list[str]) -> None:
    text = f"from=2026-03-01T18:00:00Z to=2026-03-01T18:20:00Z step={step} tz={zone}"
    span = span_of(custom_of(asked(text), NOW), {})
    assert [f"{hour:%H}" for hour in span.cut_hours()] == cuts


def test_the_platform_begins_at_hours() -> None:
    span = span_of(custom_of(asked("from=2026-03-10"), NOW), {}, HOUR_STEPS)
    assert (span.step, span.points) == ("1h", 15)


def test_the_current_point_is_the_last_without_to() -> None:
    at_its_start = datetime(2026, 3, 10, 14, tzinfo=UTC)
    span = span_of(custom_of(asked("from=2026-03-10 step=1h"), at_its_start), {})
    assert span.stop == at_its_start + WIDTHS["1h"]
    explicit = asked("from=2026-03-10 step=1h to=2026-03-10T14:00:00Z")
    assert span_of(custom_of(explicit, at_its_start), {}).stop == at_its_start


LONG = "No step is available for this span; from and to take 2,000 days at most, in steps of 1d."
BOTH = "range cannot be combined with from, to, step or tz."
ORDER = "from must be before to, which is now by default."
NEEDED = f"to, step and tz require from: {PARAMETER_HELP['from']}"
REFUSED = {
    "range=24h from=2026-03-01": BOTH,
    "range=24h tz=UTC": BOTH,
    "range=24h step=1h": BOTH,
    "range=24h to=2026-03-01": BOTH,
    "to=2026-03-01": NEEDED,
    "step=1h": NEEDED,
    "tz=UTC": NEEDED,
    "from= to=2026-03-10": PARAMETER_HELP["from"],
    "from=yesterday": PARAMETER_HELP["from"],
    "from=0001-01-01": PARAMETER_HELP["from"],
    "from=2026-03-01 to=": PARAMETER_HELP["to"],
    "from=2026-03-01 to=9999-12-31": PARAMETER_HELP["to"],
    "from=2026-03-01 tz=": PARAMETER_HELP["tz"],
    "from=2026-03-01 tz=utc": PARAMETER_HELP["tz"],
    "from=2026-03-01 tz=../etc/passwd": PARAMETER_HELP["tz"],
    "from=2026-03-01 to=2026-03-01": ORDER,
    "from=2026-03-02 to=2026-03-01": ORDER,
    "from=2026-03-11": ORDER,
    "from=1026-03-01": LONG,
    "from=0002-01-01 to=9998-12-31": LONG,
    "from=2026-03-01 to=3026-03-01": LONG,
    "from=1026-03-01 step=5m": (
        "step: 5m gives more than 2,000 points for this span; from and to take 2,000 days at most, "
        "in steps of 1d."
    ),
    "from=2026-03-01 step=5m": (
        "step: 5m gives more than 2,000 points for this span; the finest step that is available "
        "for it is 15m."
    ),
    "from=2025-11-01 to=2025-11-02 step=15m": (
        "step: 15m is no longer kept for this span; the finest step that is available for it is 1h."
    ),
    "from=2025-11-01 to=2025-11-02 step=1d tz=Asia/Kolkata": (
        "step: 1d is no longer kept for this span; it is available with step 1d and tz UTC."
    ),
    "from=2024-11-01 to=2024-11-02 tz=Europe/Berlin": (
        "No step is available for this span; it is available with step 1d and tz UTC."
    ),
    "from=2024-11-01 to=2024-11-02 step=6h": (
        "step: 6h is no longer kept for this span; the finest step that is available for it is 1d."
    ),
}


@pytest.mark.parametrize(("text", "sentence"), REFUSED.items())
def test_what_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(Unusable) as refused:
        span_of(custom_of(asked(text), NOW), DROPPED)
    assert refused.value.detail == sentence


def test_two_thousand_points_and_no_more() -> None:
    stop = datetime(2026, 3, 10, tzinfo=UTC)
    for points in (2_000, 2_001):
        start = stop - points * WIDTHS["5m"]
        text = f"from={start:%Y-%m-%dT%H:%M:%SZ} to=2026-03-10 step=5m tz=Asia/Kathmandu"
        if points == 2_000:
            assert span_of(custom_of(asked(text), NOW), {}).points == points
        else:
            with pytest.raises(Unusable):
                span_of(custom_of(asked(text), NOW), {})
    # Days with 23 hours are days.
    days = "from=2026-03-09T23:00:00Z to=2031-08-30T22:00:00Z step=1d tz=Europe/Berlin"
    assert span_of(custom_of(asked(days), NOW), {}).points == 2_000

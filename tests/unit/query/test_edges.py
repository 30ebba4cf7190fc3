"""Edges of steps: as Node's clocks have them, and without gap or overlap in every zone."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.edges import WIDTHS, edges_of
from query.zones import zone_names, zone_of
from schemas.history import Step

CASES = Path(__file__).parents[2] / "support" / "zones" / "cases.tsv"
ROWS = [line.split("\t") for line in CASES.read_text(encoding="utf-8").splitlines()]
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
STEPS = st.sampled_from(list(WIDTHS))
# From when on every zone's offset is whole quarters of an hour.
SINCE = datetime(1973, 1, 1, tzinfo=UTC)
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=64 * 365)).map(lambda age: SINCE + age)


@pytest.mark.parametrize(("zone", "step", "moments"), ROWS)
def test_steps_begin_where_nodes_clock_says(zone: str, step: str, moments: str) -> None:
    expected = [datetime.fromisoformat(moment) for moment in moments.split()]
    start, stop = expected[0], expected[-1]
    assert edges_of(start, stop, cast(Step, step), zone_of(zone)) == expected


def part_of(moment: datetime, width: timedelta, zone: ZoneInfo) -> tuple[int, int]:
    """The local day and the part of it in which a moment lies."""
    local = moment.astimezone(zone)
    since_midnight = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
    return local.date().toordinal(), since_midnight // width


@given(
    name=st.sampled_from(sorted(zone_names())),
    start=MOMENTS,
    hours=st.floats(0.001, 2_000),
    step=STEPS,
    places=st.lists(st.floats(0, 1), max_size=20),
)
def test_edges_cover_the_span_and_follow_the_clock(
    name: str, start: datetime, hours: float, step: Step, places: list[float]
) -> None:
    zone, width = zone_of(name), WIDTHS[step]
    stop = start + max(min(hours * HOUR, 60 * width), SECOND)
    edges = edges_of(start, stop, step, zone)
    assert edges == sorted(set(edges))
    assert edges[0] <= start < edges[1]
    assert edges[-2] < stop <= edges[-1]
    for moment in (start + place * (stop - start) for place in places):
        edge = edges[bisect_right(edges, moment) - 1]
        if zone.utcoffset(edge) == zone.utcoffset(moment):
            assert part_of(edge, width, zone) == part_of(moment, width, zone)
        else:
            assert part_of(edge, width, zone) >= part_of(moment, width, zone)


@pytest.mark.parametrize(
    ("start", "stop", "edges"),
    [
        ("2026-03-10T14:00Z", "2026-03-10T14:05Z", 2),
        ("2026-03-10T14:00Z", "2026-03-10T14:05:00.000001Z", 3),
        ("2026-03-10T13:59:59.999999Z", "2026-03-10T14:05Z", 3),
        ("0002-01-01T00:00Z", "0002-01-01T00:01Z", 2),
        ("9998-12-31T23:58Z", "9998-12-31T23:59:59Z", 2),
    ],
)
@pytest.mark.parametrize("name", ["UTC", "Asia/Kathmandu", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_as_few_as_hold_the_span(name: str, start: str, stop: str, edges: int) -> None:
    bounds = datetime.fromisoformat(start), datetime.fromisoformat(stop)
    assert len(edges_of(*bounds, "5m", zone_of(name))) == edges
    for step in ("1h", "6h", "1d"):
        assert len(edges_of(*bounds, step, zone_of(name))) >= 2


@pytest.mark.parametrize(
    "name",
    ["", "utc", "Europe/berlin", "../etc/passwd", "/etc/localtime", "right/UTC", "posixrules",
     "localtime", "Europe", "Europe/Berlin\0", "UTC\n", "zones", "CET-1CEST", "+01:00"],
)  # fmt: skip
def test_a_zone_is_one_of_the_names(name: str) -> None:
    with pytest.raises(ValueError, match="unknown time zone"):
        zone_of(name)


def test_every_name_is_a_zone() -> None:
    assert {zone_of(name).key for name in zone_names()} == zone_names()
    assert {"UTC", "Asia/Calcutta", "Europe/Kyiv", "America/Argentina/Buenos_Aires"} < zone_names()

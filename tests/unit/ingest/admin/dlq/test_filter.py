"""Which dead letters fit, a line a case; and times as they are typed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ingest.admin.dlq.filter import Filter, moment
from tests.unit.ingest.admin.dlq.letters import letter
from tests.unit.ingest.records import NOON

FUTURE = letter(place="fleet.samples/2/7", reason="future")

CASES = [
    (Filter(), True),
    (Filter(reasons=["future"]), True),
    (Filter(reasons=["expired", "future"]), True),
    (Filter(reasons=["expired"]), False),
    (Filter(topic="fleet.samples"), True),
    (Filter(topic="fleet.events"), False),
    (Filter(partition=2), True),
    (Filter(partition=0), False),
    (Filter(reasons=["future"], topic="fleet.samples", partition=2), True),
    (Filter(reasons=["future"], topic="fleet.samples", partition=1), False),
]


@pytest.mark.parametrize(("wanted", "fits"), CASES)
def test_what_fits(wanted: Filter, fits: bool) -> None:
    assert wanted.fits(FUTURE) is fits


MOMENTS = [
    (None, None),
    ("0s", NOON),
    ("90s", NOON - timedelta(seconds=90)),
    ("15m", NOON - timedelta(minutes=15)),
    ("2h", NOON - timedelta(hours=2)),
    ("7d", NOON - timedelta(days=7)),
    ("2026-02-01T01:30:00+01:00", datetime(2026, 2, 1, 0, 30, tzinfo=UTC)),
    ("2026-02-01T00:00:00Z", datetime(2026, 2, 1, tzinfo=timezone(timedelta(0)))),
]


@pytest.mark.parametrize(("text", "meant"), MOMENTS)
def test_times(text: str | None, meant: datetime | None) -> None:
    assert moment("since", text, NOON) == meant


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "2w", "2026-02-01T00:00:00", "yesterday"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"^until takes a time with a UTC offset, such as 2026-03-01"
    ):
        moment("until", text, NOON)

"""Times checked against the broker's, and against what retention has dropped."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.batch import Decoded
from ingest.decoding.timecheck import check_times, reject_dropped
from ingest.records import Records
from ingest.rejection import Origin
from schemas.events import Event, Payment, Sample
from tests.unit.ingest.records import NOON, decoded, record, sample

LATENESS = timedelta(days=31)
US = timedelta(microseconds=1)


def offsets(found: Decoded) -> list[int]:
    """Of the records that samples came from."""
    return [found.records[place].offset for place in found.samples["record"]]


def payment(ts: datetime) -> Payment:
    return Payment(user_id="alice", payment_id="p", ts=ts, amount=1, currency="EUR")


def reasons(events: list[Event], at: datetime = NOON) -> list[str | None]:
    """What each event was refused for, by place; None where it was taken."""
    found = decoded(events, at)
    check_times(found, LATENESS)
    by_place: list[str | None] = [None] * len(events)
    for rejection in found.rejections:
        by_place[rejection.origin.record.offset] = rejection.reason
    assert offsets(found) == [
        i for i, e in enumerate(events) if isinstance(e, Sample) and by_place[i] is None
    ]
    return by_place


BOUNDS = [
    ("now", NOON, None, None),
    ("5 minutes ahead", NOON + timedelta(minutes=5), None, None),
    ("a microsecond more", NOON + timedelta(minutes=5) + US, "future", "future"),
    ("the lateness limit", NOON - LATENESS, None, None),
    ("a microsecond older", NOON - LATENESS - US, "expired", None),
    ("2000-01-01", datetime(2000, 1, 1, tzinfo=UTC), "expired", None),
    ("before 2000", datetime(2000, 1, 1, tzinfo=UTC) - US, "expired", "expired"),
    ("2000 in the east", datetime(2000, 1, 1, tzinfo=timezone(timedelta(hours=1))),
     "expired", "expired"),
    ("year 1", datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), "expired", "expired"),
    ("year 9999", datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-14))),
     "future", "future"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("ts", "of_sample", "of_payment"), [c[1:] for c in BOUNDS], ids=[c[0] for c in BOUNDS]
)
def test_times_within_bounds(ts: datetime, of_sample: str | None, of_payment: str | None) -> None:
    assert reasons([sample(ts), payment(ts)]) == [of_sample, of_payment]


def test_the_good_ones_beside_a_bad_one_stay() -> None:
    late, early = NOON - LATENESS - US, NOON + timedelta(hours=1)
    events: list[Event] = [sample(), sample(late), payment(NOON), sample(early), payment(early)]
    assert reasons(events) == [None, "expired", None, "future", "future"]


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [(-(2**63), "future"), (-100_000_000_000_000, "future"), (2**63 - 1, "expired")],
)
def test_a_broker_time_that_python_cannot_represent(timestamp: int, expected: str) -> None:
    found = decoded([sample(), payment(NOON)])
    odd = msgspec.structs.replace(record(b""), timestamp=timestamp)
    found.records = Records([[odd, odd]])
    found.others = [(payment(NOON), Origin(odd))]
    check_times(found, LATENESS)
    of_payment = ["future"] if expected == "future" else []
    assert [rejection.reason for rejection in found.rejections] == [*of_payment, expected]


def test_details_are_sentences_with_both_times() -> None:
    found = decoded([sample(NOON - timedelta(days=32)), payment(NOON + timedelta(hours=1))])
    check_times(found, LATENESS)
    assert [rejection.detail for rejection in found.rejections] == [
        "ts 2026-03-01T13:00:00+00:00 is more than 5 minutes ahead of the broker's "
        "2026-03-01T12:00:00+00:00",
        "ts 2026-01-28T12:00:00+00:00 is more than 31 days behind the broker's "
        "2026-03-01T12:00:00+00:00",
    ]


@given(
    at=st.integers(-(10**11), 3 * 10**11).map(lambda ms: NOON + timedelta(milliseconds=ms)),
    off=st.sampled_from([timedelta(minutes=5), -LATENESS, timedelta(0)]),
    by=st.integers(-2, 2),
)
def test_bounds_hold_to_the_microsecond(at: datetime, off: timedelta, by: int) -> None:
    ts = at + off + by * US
    expected = (
        "future" if ts > at + timedelta(minutes=5) else "expired" if ts < at - LATENESS else None
    )
    assert reasons([sample(ts)], at) == [expected]


def test_samples_from_before_the_horizon_are_expired() -> None:
    events: list[Event] = [sample(NOON - US), sample(NOON, cpu=1), payment(NOON - US)]
    found = decoded([*events, sample(NOON - LATENESS), sample(NOON + US, cpu=2)])
    rejections = reject_dropped(found, NOON)
    assert rejections == found.rejections
    assert [(r.reason, r.origin.record.offset) for r in rejections] == [
        ("expired", 0),
        ("expired", 3),
    ]
    assert rejections[0].detail.startswith(
        "ts 2026-03-01T11:59:59.999999+00:00 is before 2026-03-01T12:00:00+00:00, up to which "
    )
    assert offsets(found) == [1, 4]
    assert len(found.others) == 1
    assert found.samples["cpu"].to_list() == [1, 2]
    assert reject_dropped(found, NOON) == []


def test_an_event_that_cannot_be_checked_is_rejected_alone() -> None:
    # No message decodes to it: it stands for what a check does not foresee.
    broken = msgspec.structs.replace(payment(NOON), ts=cast(Any, None))
    found = decoded([sample(), payment(NOON), payment(NOON)])
    found.others[0] = (broken, found.others[0][1])
    check_times(found, LATENESS)
    ((rejection),) = found.rejections
    assert (rejection.reason, rejection.origin.record.offset) == ("refused", 1)
    assert (found.samples.height, len(found.others)) == (1, 1)

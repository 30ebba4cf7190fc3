"""Times checked, repeats settled, the newest sample of each agent; against a plain model."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.batch import AgentKeys, Intake, Origin, by_type
from ingest.shape import agents_of, check_times, reject_dropped, shape
from schemas.events import Deployment, Event, Payment, Sample, Status
from tests.unit.ingest.records import NOON, intake, record, sample

LATENESS = timedelta(days=31)
US = timedelta(microseconds=1)
KEYS = AgentKeys({("alice", "a1"): 7, ("alice", "a2"): 3, ("bob", "a1"): 5})


def payment(ts: datetime) -> Payment:
    return Payment(user_id="alice", payment_id="p", ts=ts, amount=1, currency="EUR")


def reasons(events: list[Event], at: datetime = NOON) -> list[str | None]:
    """What each event was refused for, by place; None where it was taken."""
    found = intake(events, at)
    check_times(found, LATENESS)
    told: list[str | None] = [None] * len(events)
    for rejection in found.rejections:
        told[rejection.origin.record.offset] = rejection.reason
    assert [o.record.offset for o in found.origins] == [
        i for i, e in enumerate(events) if isinstance(e, Sample) and told[i] is None
    ]
    return told


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
    origin = Origin(msgspec.structs.replace(record(b""), timestamp=timestamp))
    found = Intake(samples=[sample()], origins=[origin], others=[(payment(NOON), origin)])
    check_times(found, LATENESS)
    of_payment = ["future"] if expected == "future" else []
    assert [rejection.reason for rejection in found.rejections] == [expected, *of_payment]


def test_details_are_sentences_with_both_times() -> None:
    found = intake([sample(NOON - timedelta(days=32)), payment(NOON + timedelta(hours=1))])
    check_times(found, LATENESS)
    assert [rejection.detail for rejection in found.rejections] == [
        "ts 2026-01-28T12:00:00+00:00 is more than 31 days behind the broker's "
        "2026-03-01T12:00:00+00:00",
        "ts 2026-03-01T13:00:00+00:00 is more than 5 minutes ahead of the broker's "
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
    found = intake([*events, sample(NOON - LATENESS), sample(NOON + US, cpu=2)])
    rejections = reject_dropped(found, NOON)
    assert rejections == found.rejections
    assert [(r.reason, r.origin.record.offset) for r in rejections] == [
        ("expired", 0),
        ("expired", 3),
    ]
    assert rejections[0].detail.startswith(
        "ts 2026-03-01T11:59:59.999999+00:00 is before 2026-03-01T12:00:00+00:00, up to which "
    )
    assert [origin.record.offset for origin in found.origins] == [1, 4]
    assert len(found.others) == 1
    assert shape(found, KEYS).samples["cpu"].to_list() == [1, 2]
    assert reject_dropped(found, NOON) == []


def test_agents_of_samples_and_of_events_that_name_one() -> None:
    events: list[Event] = [
        sample(agent="alice/a1"),
        sample(agent="alice/a1"),
        Status(user_id="bob", agent_id="a1", ts=NOON, status="running"),
        Deployment(user_id="eve", agent_id="a9", deployment_id="d", ts=NOON, status="pending"),
        payment(NOON),
    ]
    assert agents_of(intake(events)) == {("alice", "a1"), ("bob", "a1"), ("eve", "a9")}


def test_repeats_keep_the_first_and_are_counted() -> None:
    batch = shape(intake([sample(cpu=1), sample(cpu=2), sample(NOON + US, cpu=3)]), KEYS)
    assert batch.samples["cpu"].to_list() == [1, 3]
    assert batch.repeats == 1


def test_one_agent_id_under_two_users_is_two_agents() -> None:
    batch = shape(intake([sample(agent="alice/a1"), sample(agent="bob/a1")]), KEYS)
    assert batch.samples["agent_key"].to_list() == [5, 7]
    assert batch.repeats == 0


def test_what_was_not_told_is_null() -> None:
    batch = shape(intake([sample(response_ms=0.0), sample(NOON + US)]), KEYS)
    assert batch.samples["response_ms"].to_list() == [0, None]
    assert batch.samples["storage_used_mb"].null_count() == 2


def test_greatest_values_fit() -> None:
    most: dict[str, Any] = {"cpu": 100, "memory": 100, "messages": 10**9, "errors": 10**9}
    batch = shape(intake([sample(**most, response_ms=86_400_000, storage_total_mb=1e12)]), KEYS)
    (row,) = batch.samples.select(*most, "response_ms", "storage_total_mb").rows()
    assert row == (100, 100, 10**9, 10**9, 86_400_000, np.float32(1e12))


def test_nothing_to_shape() -> None:
    batch = shape(Intake(), AgentKeys())
    assert (batch.samples.height, batch.events) == (0, {})


def test_events_are_grouped_by_type_in_order() -> None:
    first, second = payment(NOON), payment(NOON + US)
    assert by_type([first, sample(), second]) == {"payment": [first, second], "sample": [sample()]}


def model(samples: list[Sample]) -> dict[tuple[int, int], Sample]:
    """Rows by key and time, after samples came one by one."""
    rows: dict[tuple[int, int], Sample] = {}
    for one in samples:
        ts = (one.ts - datetime(1970, 1, 1, tzinfo=UTC)) // US
        rows.setdefault((KEYS[one.user_id, one.agent_id], ts), one)
    return rows


# Wholes, for 32 bits hold them exactly.
wholes = st.integers(0, 100).map(float)
maybe = st.none() | wholes
samples = st.builds(
    lambda agent, by, **values: sample(NOON + by * US, agent, **values),
    st.sampled_from(["alice/a1", "alice/a2", "bob/a1"]),
    st.integers(-5, 5) | st.integers(-(10**12), 10**8),
    cpu=maybe,
    memory=maybe,
    messages=st.integers(0, 10**9),
    response_ms=maybe,
    storage_used_mb=maybe,
    storage_total_mb=maybe,
)


@given(st.lists(samples, max_size=30))
def test_shape_is_as_the_model(found: list[Sample]) -> None:
    batch = shape(intake(found), KEYS)
    rows = model(found)
    assert told(batch.samples, "agent_key", "ts", "cpu", "messages", "response_ms") == [
        (key, ts, one.cpu, one.messages, one.response_ms) for (key, ts), one in sorted_rows(rows)
    ]
    assert batch.repeats == len(found) - len(rows)


def told(frame: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return frame.select(columns).rows()


def sorted_rows(rows: dict[tuple[int, int], Sample]) -> list[tuple[tuple[int, int], Sample]]:
    return sorted(rows.items(), key=lambda row: row[0])

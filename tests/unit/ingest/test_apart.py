"""A message that makes the check of its batch fail is rejected, and costs the others nothing."""

from datetime import timedelta
from typing import Any, cast

import msgspec
import pytest

from ingest.apart import check_times_apart
from ingest.batch import Intake, Origin
from ingest.shape import check_times
from schemas.events import Event, Payment
from tests.unit.ingest.records import NOON, intake, record, sample

LATENESS = timedelta(days=31)
# No message decodes to it: it stands for what a check does not foresee.
BROKEN_TIME = cast(Any, None)


def payment(**fields: Any) -> Payment:
    return Payment(user_id="u", payment_id="p", ts=NOON, amount=1, currency="EUR", **fields)


def with_broken() -> Intake:
    """Six messages: the third and the fifth have a time that cannot be checked."""
    events: list[Event] = [
        sample(),
        payment(),
        sample(),
        sample(NOON - 2 * LATENESS),
        payment(),
        sample(cpu=5),
    ]
    found = intake(events)
    found.samples[1] = msgspec.structs.replace(found.samples[1], ts=BROKEN_TIME)
    broken, origin = found.others[1]
    found.others[1] = (msgspec.structs.replace(broken, ts=BROKEN_TIME), origin)
    return found


def test_only_the_broken_ones_are_rejected() -> None:
    found = with_broken()
    with pytest.raises(TypeError):
        check_times(found, LATENESS)
    check_times_apart(found, LATENESS)
    assert sorted((r.origin.record.offset, r.reason) for r in found.rejections) == [
        (2, "refused"),
        (3, "expired"),
        (4, "refused"),
    ]
    assert [origin.record.offset for origin in found.origins] == [0, 5]
    assert [one.cpu for one in found.samples] == [0, 5]
    assert len(found.sample_times_us) == 2
    assert [origin.record.offset for _, origin in found.others] == [1]


def test_an_array_with_a_broken_event_is_rejected_whole() -> None:
    whole = record(b"[]", offset=7)
    found = Intake(
        samples=[sample(), sample(BROKEN_TIME)], origins=[Origin(whole, 0), Origin(whole, 1)]
    )
    check_times_apart(found, LATENESS)
    ((rejection),) = found.rejections
    assert rejection.origin == Origin(whole)
    assert found.samples == []


def test_without_a_broken_one_it_is_as_the_common_check() -> None:
    events: list[Event] = [sample(), payment(), sample(NOON + timedelta(hours=1)), sample(cpu=5)]
    apart, together = intake(events), intake(events)
    check_times_apart(apart, LATENESS)
    check_times(together, LATENESS)
    assert apart.samples == together.samples
    assert apart.origins == together.origins
    assert apart.others == together.others
    assert apart.rejections == together.rejections
    assert list(apart.sample_times_us) == list(together.sample_times_us)

"""Bad events are refused at the call, by field and bound."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args

import pytest

from emit.contract import checked_event, checked_id
from schemas.events import Event, Skill, Status
from tests.unit.emit.clocks import START
from tests.unit.emit.events import ONE_OF_EACH, a_payment, a_sample

NAN, INFINITE = float("nan"), float("inf")


def test_there_is_one_of_each() -> None:
    assert {type(event) for event in ONE_OF_EACH} == set(get_args(Event))


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: type(event).__name__)
def test_good_events_pass_unchanged(event: Event) -> None:
    assert checked_event(event) == event


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("cpu", 140.0, "expected float <= 100.0, not 140.0"),
        ("cpu", -0.1, "expected float >= 0.0, not -0.1"),
        ("cpu", NAN, "expected float >= 0.0, not nan"),
        ("cpu", "1", "expected float | null, got str, not '1'"),
        ("cpu", Decimal(1), "expected float | null, got str, not Decimal('1')"),
        ("memory", INFINITE, "expected float <= 100.0, not inf"),
        ("memory", object, "expected float | null, got object, not <class 'object'>"),
        ("messages", -1, "expected int >= 0, not -1"),
        ("messages", 1_000_000_001, "expected int <= 1000000000, not 1000000001"),
        ("messages", 2**70, f"expected int <= 1000000000, not {2**70}"),
        ("errors", 1.0, "expected int, got float, not 1.0"),
        ("errors", True, "expected int, got bool, not True"),
        ("response_ms", 86_400_001, "expected float <= 86400000.0, not 86400001"),
        ("response_ms", NAN, "expected float >= 0.0, not nan"),
        ("storage_used_mb", 1e13, "expected float <= 1000000000000.0"),
        ("agent_id", "a b", "expected 1 to 128 of A-Z a-z 0-9 . _ ~ : @ -, other than . and .."),
        ("agent_id", "..", "expected 1 to 128 of A-Z a-z 0-9 . _ ~ : @ -, other than . and .."),
        ("agent_id", "a\n", "expected 1 to 128 of A-Z a-z 0-9 . _ ~ : @ -, other than . and .."),
        ("agent_id", "", "expected str of length >= 1, not ''"),
        ("user_id", "x" * 129, "expected str of length <= 128, not 'xxx"),
        ("ts", datetime(2026, 3, 1), "expected datetime with a timezone component"),  # noqa: DTZ001
        ("ts", "2026-03-01T12:00:00Z", "expected datetime, got str"),
        ("ts", datetime(1999, 12, 31, tzinfo=UTC), "expected 2000-01-01T00:00:00+00:00 or later"),
    ],
)
def test_bad_samples_are_refused(field: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"Sample.{field}: {message}")):
        checked_event(a_sample(**{field: value}))


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (a_payment(currency="eur"), "Payment.currency: expected str matching regex '^[A-Z]{3}$"),
        (a_payment(amount=2**63), "Payment.amount: expected int <= 9223372036854775807"),
        (a_payment(amount=1.5), "Payment.amount: expected int, got float"),
        (
            Status(user_id="ada", agent_id="a", ts=START, status="gone"),  # type: ignore[arg-type]
            "Status.status: expected one of running, stopped, failed, removed, not 'gone'",
        ),
        (
            Status(user_id="ada", agent_id="a", ts=START, status="failed", reason="x" * 1_001),
            "Status.reason: expected str of length <= 1000",
        ),
        (
            Skill(user_id="ada", ts=START, skill_id="s", active=1),  # type: ignore[arg-type]
            "Skill.active: expected bool, got int, not 1",
        ),
    ],
)
def test_other_bad_events_are_refused(event: Event, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        checked_event(event)


def test_what_is_no_event_is_no_value_either() -> None:
    with pytest.raises(TypeError, match="not dict"):
        checked_event({"type": "sample"})  # type: ignore[arg-type]


@pytest.mark.parametrize("good", ["a", "A.b_c~d:e@f-9", "x" * 128])
def test_ids_of_the_contract_pass(good: str) -> None:
    assert checked_id("agent", good) == good


@pytest.mark.parametrize("bad", ["", "x" * 129, "a b", "a/b", "a\n", "ä", "a%2f"])
def test_other_ids_are_refused_by_name_and_bound(bad: str) -> None:
    with pytest.raises(ValueError, match="agent takes 1 to 128 of") as refusal:
        checked_id("agent", bad)
    assert repr(bad)[:100] in str(refusal.value)

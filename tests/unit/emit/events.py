"""One event of each type, valid as it stands."""

from typing import Any

from schemas.events import (
    Booking,
    Deployment,
    Event,
    Fan,
    Payment,
    Play,
    Sample,
    Skill,
    Status,
)
from tests.unit.emit.clocks import START


def a_sample(**changed: Any) -> Sample:
    fields = {"user_id": "ada", "agent_id": "mailer", "ts": START, "cpu": 12.5, "memory": 41.0}
    return Sample(**{**fields, "messages": 3, "errors": 1, **changed})


def a_payment(**changed: Any) -> Payment:
    fields = {"user_id": "ada", "ts": START, "payment_id": "p1", "amount": -5, "currency": "EUR"}
    return Payment(**{**fields, **changed})


ONE_OF_EACH: list[Event] = [
    a_sample(response_ms=20.0, storage_used_mb=1.0, storage_total_mb=2.0),
    Status(user_id="ada", agent_id="mailer", ts=START, status="failed", reason="no memory"),
    Deployment(user_id="ada", deployment_id="d1", agent_id="mailer", ts=START, status="succeeded"),
    a_payment(),
    Booking(user_id="ada", ts=START, booking_id="b1", status="pending"),
    Fan(user_id="ada", ts=START, fan_id="f1", segment="superfan"),
    Play(user_id="ada", ts=START, play_id="y1", listener_id="l1", count=2),
    Skill(user_id="ada", ts=START, skill_id="s1", active=True),
]

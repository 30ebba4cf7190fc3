"""What the command refuses, and that it does so before anything is sent."""

import re

import pytest

from emit.host import run
from schemas.settings import KafkaSettings

NOWHERE = KafkaSettings(kafka_bootstrap="127.0.0.1:1")


@pytest.mark.parametrize(
    ("user_id", "agent_id", "interval_s", "message"),
    [
        ("a b", "agent", 1.0, "user takes 1 to 128"),
        ("user", "", 1.0, "agent takes 1 to 128"),
        ("user", "agent", 0.0, "interval takes 0.1 to 86400 seconds, not 0.0"),
        ("user", "agent", float("nan"), "interval takes 0.1 to 86400 seconds, not nan"),
        ("user", "agent", float("inf"), "interval takes 0.1 to 86400 seconds, not inf"),
    ],
)
def test_run_refuses_before_it_connects(
    user_id: str, agent_id: str, interval_s: float, message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        run(NOWHERE, user_id, agent_id, interval_s)

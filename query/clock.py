"""The clock for windows and tokens; tests inject their own."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The current time in UTC, with its offset."""
    return datetime.now(UTC)

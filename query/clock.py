"""The time that windows and tokens are measured against; tests put their own in its place."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """This moment, with its offset."""
    return datetime.now(UTC)

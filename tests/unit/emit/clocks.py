"""A clock that stands still until something sleeps on it."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class FakeClock:
    """Sleeping moves it on at once; `pass_by` is time that work takes."""

    def __init__(self) -> None:
        self.passed_s = 0.0
        self.slept_until: list[float] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        return self.passed_s

    async def sleep_until(self, monotonic: float) -> None:
        self.slept_until.append(monotonic)
        self.passed_s = max(self.passed_s, monotonic)

    def pass_by(self, seconds: float) -> None:
        self.passed_s += seconds

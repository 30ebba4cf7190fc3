"""An agent's activity between two samples, as counts that can be added."""

from typing import Final, Self

import msgspec

from schemas.events import Sample

MOST: Final = 1_000_000_000
LONGEST_MS: Final = 86_400_000.0


class ActivityCounts(msgspec.Struct, frozen=True, gc=False):
    """Messages and errors; `response_ms` is the sum over the `timed` messages."""

    messages: int = 0
    errors: int = 0
    timed: int = 0
    response_ms: float = 0.0

    @classmethod
    def of(cls, sample: Sample) -> Self:
        """The counts of a sample."""
        if sample.response_ms is None:
            return cls(sample.messages, sample.errors)
        response_ms = sample.response_ms * sample.messages
        return cls(sample.messages, sample.errors, sample.messages, response_ms)

    def __add__(self, other: "ActivityCounts") -> "ActivityCounts":
        return ActivityCounts(
            self.messages + other.messages,
            self.errors + other.errors,
            self.timed + other.timed,
            self.response_ms + other.response_ms,
        )

    @property
    def mean_ms(self) -> float | None:
        """Mean response time of the timed messages; None without any."""
        return min(self.response_ms / self.timed, LONGEST_MS) if self.timed else None

    def for_one_sample(self) -> tuple["ActivityCounts", "ActivityCounts"]:
        """The counts that fit in one sample, and the rest for the next."""
        reported = msgspec.structs.replace(
            self, messages=min(self.messages, MOST), errors=min(self.errors, MOST)
        )
        return reported, ActivityCounts(
            self.messages - reported.messages, self.errors - reported.errors
        )

"""Decides whether a difference is damage, or a late sample that waits for its refresh."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

# The width of a compared bucket by level; at least an hour, as platform rows are hours.
WIDTHS: Final = {
    "agent_metrics_5m": timedelta(hours=1),
    "agent_metrics_1h": timedelta(hours=1),
    "agent_metrics_1d": timedelta(days=1),
}


@dataclass(frozen=True, slots=True)
class BucketSums:
    """The sums of a bucket in one snapshot: those of the level, and those of the platform."""

    level: str
    bucket: datetime
    stored_samples: int
    stored_messages: int
    stored_errors: int
    platform_samples: int
    platform_messages: int
    platform_errors: int

    @property
    def stored(self) -> tuple[int, int, int]:
        return self.stored_samples, self.stored_messages, self.stored_errors

    @property
    def platform(self) -> tuple[int, int, int]:
        return self.platform_samples, self.platform_messages, self.platform_errors


@dataclass(frozen=True, slots=True)
class Difference(BucketSums):
    """A bucket that differs, as stored between checks.

    Until it is confirmed, the platform's sums are those at `seen_at`; a refresh that starts later
    must bring the level up to them. `is_settled`: at `seen_at`, no late bucket with an id up to
    `late_id` waited for a refresh.
    """

    seen_at: datetime
    late_id: int
    is_settled: bool
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class LateHour:
    """The lowest and highest id among the late buckets of one hour that wait for a refresh."""

    oldest_id: int
    newest_id: int


@dataclass(frozen=True, slots=True)
class Refreshes:
    """The community edition's refreshes: the start of the last good one, and late hours waiting."""

    refreshed_at: datetime | None
    late_hours: Mapping[datetime, LateHour] = field(default_factory=dict)

    @property
    def newest_id(self) -> int:
        return max((hour.newest_id for hour in self.late_hours.values()), default=0)

    def has_waiting(self, sums: BucketSums, late_id: int) -> bool:
        """Whether a late bucket in this one, with an id up to `late_id`, waits for a refresh."""
        end = sums.bucket + WIDTHS[sums.level]
        return any(
            sums.bucket <= hour < end and found.oldest_id <= late_id
            for hour, found in self.late_hours.items()
        )


def judge_exact(sums: BucketSums, known: Difference | None, now: datetime) -> Difference:
    """Judges on the Apache edition, where any difference is damage.

    Levels and the platform's rows change in one transaction there.
    """
    seen_at = now if known is None else known.seen_at
    confirmed_at = now if known is None else known.confirmed_at or now
    return _difference(sums, seen_at, 0, is_settled=True, confirmed_at=confirmed_at)


def judge_refreshed(
    sums: BucketSums, known: Difference | None, before: Refreshes, after: Refreshes, now: datetime
) -> Difference:
    """Judges on the community edition, where levels change only at the next refresh.

    `before` was read before the sums, `after` and `now` after them. A difference is confirmed if a
    complete refresh started after a check in which none of its late buckets was still waiting, and
    the level still lacks data that the platform had at the first check, or exceeds the platform.
    """
    if known is None or _has_caught_up(sums, known) or _was_erased(sums, known):
        late_id = after.newest_id
        is_settled = not after.has_waiting(sums, late_id)
        return _difference(sums, now, late_id, is_settled=is_settled, confirmed_at=None)
    latest = replace(
        known,
        stored_samples=sums.stored_samples,
        stored_messages=sums.stored_messages,
        stored_errors=sums.stored_errors,
    )
    if known.confirmed_at is not None:
        return latest
    if not known.is_settled:
        is_settled = not before.has_waiting(sums, known.late_id)
        return replace(latest, is_settled=is_settled, seen_at=now if is_settled else known.seen_at)
    if before.refreshed_at is not None and before.refreshed_at > known.seen_at:
        return replace(latest, confirmed_at=now)
    return latest


def _was_erased(sums: BucketSums, known: Difference) -> bool:
    """Whether the platform's sums have dropped since the first check, which is then outdated."""
    return any(now < then for then, now in zip(known.platform, sums.platform, strict=True))


def _has_caught_up(sums: BucketSums, known: Difference) -> bool:
    return all(
        then <= stored <= platform
        for then, stored, platform in zip(known.platform, sums.stored, sums.platform, strict=True)
    )


def _difference(
    sums: BucketSums,
    seen_at: datetime,
    late_id: int,
    *,
    is_settled: bool,
    confirmed_at: datetime | None,
) -> Difference:
    return Difference(
        sums.level,
        sums.bucket,
        *sums.stored,
        *sums.platform,
        seen_at=seen_at,
        late_id=late_id,
        is_settled=is_settled,
        confirmed_at=confirmed_at,
    )

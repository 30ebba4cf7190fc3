"""When a difference is damage, and when a refresh may still explain it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ingest.admin.conservation.judge import (
    BucketSums,
    Difference,
    LateHour,
    Refreshes,
    judge_exact,
    judge_refreshed,
)

HOUR = datetime(2026, 3, 10, 14, tzinfo=UTC)
T = [HOUR + timedelta(hours=3, minutes=n) for n in range(10)]
IDLE = Refreshes(None)


def sums(stored: int, platform: int, level: str = "agent_metrics_5m") -> BucketSums:
    """So many samples, with a message each."""
    bucket = HOUR if level != "agent_metrics_1d" else HOUR.replace(hour=0)
    return BucketSums(level, bucket, stored, stored, 0, platform, platform, 0)


def look(
    found: BucketSums,
    known: Difference | None,
    minute: int,
    before: Refreshes = IDLE,
    after: Refreshes = IDLE,
) -> Difference:
    return judge_refreshed(found, known, before, after, T[minute])


def refreshed(minute: int, **late: int) -> Refreshes:
    """A good refresh began in that minute; a note waits, of this hour unless said otherwise."""
    hours = {HOUR: LateHour(late["waiting"], late["waiting"])} if late else {}
    return Refreshes(T[minute], hours)


def test_on_the_apache_edition_it_is_confirmed_at_once_and_once() -> None:
    first = judge_exact(sums(9, 10), None, T[0])
    again = judge_exact(sums(8, 10), first, T[1])
    assert (first.confirmed_at, again.confirmed_at) == (T[0], T[0])
    assert (again.stored_samples, again.platform_samples) == (8, 10)


@pytest.mark.parametrize("level", ["agent_metrics_5m", "agent_metrics_1h", "agent_metrics_1d"])
@pytest.mark.parametrize("stored", [0, 9, 11])
def test_what_a_refresh_has_left_is_confirmed(stored: int, level: str) -> None:
    found = sums(stored, 10, level)
    first = look(found, None, 0)
    assert first.confirmed_at is None
    # The refresh began before the first look.
    waiting = look(found, first, 1, before=refreshed(0))
    assert waiting == first
    confirmed = look(found, waiting, 3, before=refreshed(2))
    assert confirmed.confirmed_at == T[3]
    assert look(found, confirmed, 4, before=refreshed(4)).confirmed_at == T[3]


def test_late_samples_without_end_raise_no_alarm() -> None:
    """At each look some wait for a refresh; those of the look before have arrived."""
    known = None
    for minute in range(1, 9):
        found = sums(10 * minute - 3, 10 * minute)
        known = look(found, known, minute, before=refreshed(minute), after=IDLE)
        assert known.confirmed_at is None


def test_damage_below_late_samples_is_confirmed() -> None:
    """100 are gone; 10 late ones arrive each minute, and none is missing a minute later."""
    first = look(sums(900, 1000), None, 1)
    second = look(sums(910, 1010), first, 3, before=refreshed(2))
    assert second.confirmed_at == T[3]


def test_a_note_that_waits_puts_it_off_by_a_whole_refresh() -> None:
    """The finest level may have the sample while the coarser ones wait for the refresh to end."""
    found = sums(9, 10, "agent_metrics_1h")
    first = look(found, None, 0, after=refreshed(0, waiting=7))
    assert not first.is_settled
    second = look(found, first, 2, before=refreshed(1, waiting=7))
    assert not second.is_settled
    # No note waits any more, but that refresh has not ended.
    third = look(found, second, 4, before=refreshed(3))
    assert (third.is_settled, third.confirmed_at, third.seen_at) == (True, None, T[4])
    assert look(found, third, 5, before=refreshed(3)).confirmed_at is None
    assert look(found, third, 6, before=refreshed(5)).confirmed_at == T[6]


def test_newer_notes_do_not_put_it_off() -> None:
    first = look(sums(9, 10), None, 0, after=refreshed(0, waiting=7))
    assert look(sums(9, 10), first, 2, before=refreshed(1, waiting=8)).is_settled


def test_what_has_caught_up_begins_again() -> None:
    first = look(sums(9, 10), None, 0)
    confirmed = replace(first, confirmed_at=T[1])
    for known in (first, confirmed):
        again = look(sums(10, 12), known, 3, before=refreshed(2))
        assert (again.confirmed_at, again.seen_at, again.platform_samples) == (None, T[3], 12)

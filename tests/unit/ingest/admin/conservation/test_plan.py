"""Which relation is believed, by what the sums say and what is still kept."""

import pytest

from ingest.admin.conservation.plan import (
    DAYS,
    FINE,
    HOURS,
    PLATFORM,
    RAW,
    IrreparableError,
    KeptRelations,
    plan_day,
    plan_hour,
)

ALL = KeptRelations(raw=True, fine=True, hours=True)
NO_RAW = KeptRelations(raw=False, fine=True, hours=True)
NO_FINE = KeptRelations(raw=False, fine=False, hours=True)

# Sums of samples, 5 minutes, hours and platform; what is kept; what is recomputed, None: nothing.
HOUR_CASES = [
    ((5, 5, 5, 5), ALL, []),
    ((5, 4, 5, 5), ALL, [FINE]),
    ((5, 5, 4, 5), ALL, [HOURS]),
    ((5, 0, 0, 5), ALL, [FINE, HOURS]),
    ((5, 5, 5, 4), ALL, [PLATFORM]),
    ((5, 4, 4, 4), ALL, [FINE, HOURS, PLATFORM]),
    ((5, 4, 3, 6), ALL, [FINE, HOURS, PLATFORM]),
    ((0, 5, 4, 5), NO_RAW, [HOURS]),
    ((0, 4, 5, 5), NO_RAW, None),
    ((0, 5, 5, 4), NO_RAW, None),
    ((0, 5, 5, 5), NO_RAW, []),
    ((0, 0, 5, 5), NO_FINE, []),
    ((0, 0, 4, 5), NO_FINE, None),
]


@pytest.mark.parametrize(("samples", "kept", "expected"), HOUR_CASES)
def test_an_hour(samples: tuple[int, ...], kept: KeptRelations, expected: list[str] | None) -> None:
    names = (RAW, FINE, HOURS, PLATFORM)
    totals = {name: (count, 0, 0, 1) for name, count in zip(names, samples, strict=True)}
    if expected is None:
        with pytest.raises(IrreparableError, match="the raw samples are gone"):
            plan_hour(totals, kept)
    else:
        assert plan_hour(totals, kept) == expected


# Sums of the day's hours, of the day and of the platform; what comes of it.
DAY_CASES = [
    ((5, 5, 5), ALL, []),
    ((5, 4, 5), ALL, [DAYS]),
    ((5, 4, 5), NO_RAW, [DAYS]),
    ((0, 5, 5), KeptRelations(raw=False, fine=False, hours=False), []),
    ((5, 4, 5), KeptRelations(raw=False, fine=False, hours=False), "older than their retention"),
    ((4, 4, 5), ALL, "its hours do not sum"),
]


@pytest.mark.parametrize(("samples", "kept", "expected"), DAY_CASES)
def test_a_day(samples: tuple[int, ...], kept: KeptRelations, expected: list[str] | str) -> None:
    names = (HOURS, DAYS, PLATFORM)
    totals = {name: (count, 0, 0, 1) for name, count in zip(names, samples, strict=True)}
    if isinstance(expected, str):
        with pytest.raises(IrreparableError, match=expected):
            plan_day(totals, kept)
    else:
        assert plan_day(totals, kept) == expected


def test_messages_errors_and_up_buckets_count_as_samples_do() -> None:
    totals = {RAW: (5, 7, 1, 2), FINE: (5, 7, 1, 2), HOURS: (5, 8, 1, 2), PLATFORM: (5, 7, 0, 2)}
    assert plan_hour(totals, ALL) == [HOURS, PLATFORM]
    # The platform's rows have no count of buckets.
    assert plan_hour(totals | {HOURS: (5, 7, 1, 3), PLATFORM: (5, 7, 1, 0)}, ALL) == [HOURS]
    days = {HOURS: (5, 7, 1, 2), DAYS: (5, 7, 1, 3), PLATFORM: (5, 7, 1, 2)}
    assert plan_day(days, NO_RAW) == [DAYS]

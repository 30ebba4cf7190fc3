"""Waits grow, and stay within bounds."""

from itertools import islice

from ingest.retry import BASE_S, CAP_S, backoff


def test_each_wait_is_within_its_bounds() -> None:
    for _ in range(100):
        for attempt, delay in enumerate(islice(backoff(), 12)):
            assert BASE_S / 2 <= delay <= min(BASE_S * 2**attempt, CAP_S)


def test_waits_differ() -> None:
    assert len(set(islice(backoff(), 5, 25))) == 20


def test_late_waits_reach_towards_the_cap() -> None:
    assert max(islice(backoff(), 6, 300)) > CAP_S * 0.8

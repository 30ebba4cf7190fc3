"""Nobody gets more than the limit, in any window, over any number of processes."""

import random

import pytest

from query.rate import FEW, SECOND_NS, RateLimit


class Clock:
    """Nanoseconds that the test advances."""

    def __init__(self) -> None:
        self.now_ns = 1_000 * SECOND_NS

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


def granted(limit: RateLimit, times: int, key: str = "alice") -> int:
    return sum(limit.wait_s(key) == 0 for _ in range(times))


def test_a_burst_and_no_more(clock: Clock) -> None:
    limit = RateLimit(per_s=10, burst=25, clock=clock)
    assert granted(limit, 100) == 25
    clock.now_ns += SECOND_NS // 10 - 1
    assert granted(limit, 100) == 0
    clock.now_ns += 1
    assert granted(limit, 100) == 1
    clock.now_ns += 100 * SECOND_NS
    assert granted(limit, 100) == 25


# per second, burst, replicas, seconds to wait once the burst is gone
WAITS = [(10, 25, 1, 1), (1, 1, 1, 1), (1, 5, 5, 5), (50, 100, 2, 1), (2, 3, 3, 2)]


@pytest.mark.parametrize(("per_s", "burst", "replicas", "wait_s"), WAITS)
def test_waiting_for_the_returned_time_is_enough(
    clock: Clock, per_s: int, burst: int, replicas: int, wait_s: int
) -> None:
    limit = RateLimit(per_s, burst, replicas, clock)
    granted(limit, burst)
    assert limit.wait_s("alice") == wait_s
    clock.now_ns += wait_s * SECOND_NS
    assert limit.wait_s("alice") == 0


def test_each_has_a_bucket_of_its_own(clock: Clock) -> None:
    limit = RateLimit(per_s=10, burst=25, clock=clock)
    assert granted(limit, 100, "alice") == 25
    assert granted(limit, 100, "bob") == 25


@pytest.mark.parametrize("seed", range(20))
def test_no_window_holds_more_than_the_limit(clock: Clock, seed: int) -> None:
    rng = random.Random(seed)
    per_s, burst, replicas = rng.randint(1, 60), rng.randint(8, 80), rng.randint(1, 8)
    limits = [RateLimit(per_s, burst, replicas, clock) for _ in range(replicas)]
    times: list[int] = []
    for _ in range(4_000):
        clock.now_ns += rng.choice([0, 0, 0, rng.randrange(SECOND_NS // 20)])
        if rng.choice(limits).wait_s("alice") == 0:
            times.append(clock.now_ns)
    for first, start in enumerate(times):
        for number, stop in enumerate(times[first:], 1):
            assert number <= burst + per_s * (stop - start) / SECOND_NS, (start, stop)


def test_full_buckets_are_forgotten(clock: Clock) -> None:
    limit = RateLimit(per_s=10, burst=25, clock=clock)
    for number in range(20 * FEW):
        clock.now_ns += SECOND_NS // FEW
        limit.wait_s(f"user-{number}")
        # A bucket from which one was taken is full again after a tenth of a second.
        assert len(vars(limit)["_full_at_ns"]) <= FEW + 1


def test_a_bucket_in_use_is_never_forgotten(clock: Clock) -> None:
    limit = RateLimit(per_s=1, burst=10, clock=clock)
    assert granted(limit, 10) == 10
    for number in range(5 * FEW):
        limit.wait_s(f"user-{number}")
    assert granted(limit, 10) == 0

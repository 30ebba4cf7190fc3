"""Rate limit: a token bucket per key, stored as the time when it is full again."""

import time
from collections.abc import Callable, Hashable
from typing import Final

SECOND_NS: Final = 1_000_000_000
# Below this number of buckets, full ones are not swept.
FEW: Final = 1_024


class RateLimit:
    """This process's share of `per_s` requests a second and `burst` at once, for each key.

    Each of `replicas` processes grants one share, so that together they never exceed the limit,
    however requests are distributed. `clock` returns nanoseconds from any origin. Full buckets are
    removed: memory holds only keys with a request within the refill time of a burst.
    """

    def __init__(
        self,
        per_s: int,
        burst: int,
        replicas: int = 1,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        # Rounded up, so that the limit is never exceeded.
        self._interval_ns = -(-SECOND_NS * replicas // per_s)
        self._tolerance_ns = (burst // replicas - 1) * self._interval_ns
        self._clock = clock
        self._full_at_ns: dict[Hashable, int] = {}
        self._sweep_size = FEW

    def wait_s(self, key: Hashable) -> int:
        """Takes one request from the key's bucket; returns 0, or the whole seconds to wait."""
        now_ns = self._clock()
        full_at_ns = max(self._full_at_ns.get(key, now_ns), now_ns)
        ahead_ns = full_at_ns - now_ns - self._tolerance_ns
        if ahead_ns > 0:
            return -(-ahead_ns // SECOND_NS)
        self._full_at_ns[key] = full_at_ns + self._interval_ns
        if len(self._full_at_ns) > self._sweep_size:
            self._sweep(now_ns)
        return 0

    def _sweep(self, now_ns: int) -> None:
        self._full_at_ns = {key: at for key, at in self._full_at_ns.items() if at > now_ns}
        # Twice the remaining number keeps the cost of sweeps per request constant.
        self._sweep_size = max(FEW, 2 * len(self._full_at_ns))

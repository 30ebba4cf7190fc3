"""How often somebody may ask: a token bucket each, kept as the one moment when it is full again."""

import time
from collections.abc import Callable, Hashable
from typing import Final

SECOND_NS: Final = 1_000_000_000
# Below this many buckets none is looked for that could go.
FEW: Final = 1_024


class RateLimit:
    """This process's share of `per_s` requests a second and `burst` at once, for each key.

    Of `replicas` processes each grants one share, so that together they grant no more than the
    limit, however requests fall on them. Of `clock`, in nanoseconds, only differences count. A full
    bucket is forgotten: memory holds those who asked within the time that a burst takes to refill.
    """

    def __init__(
        self,
        per_s: int,
        burst: int,
        replicas: int = 1,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        # Rounded against the asker.
        self._interval_ns = -(-SECOND_NS * replicas // per_s)
        self._tolerance_ns = (burst // replicas - 1) * self._interval_ns
        self._clock = clock
        self._full_at_ns: dict[Hashable, int] = {}
        self._sweep_size = FEW

    def wait_s(self, key: Hashable) -> int:
        """Takes one request from the key's bucket; 0, or whole seconds until there is one again."""
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
        # Twice what is left: a sweep costs each request the same, however many ask.
        self._sweep_size = max(FEW, 2 * len(self._full_at_ns))

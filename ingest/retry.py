"""When to try again, and after how long."""

import random
from collections.abc import Iterator

# A database that is away should not be hit by every consumer at once when it returns.
BASE_S = 0.1
CAP_S = 5.0


def backoff() -> Iterator[float]:
    """Seconds to wait before each next attempt: exponential to 5, with full jitter."""
    ceiling = BASE_S
    while True:
        yield random.uniform(BASE_S / 2, ceiling)  # noqa: S311 - no secret hangs on it
        ceiling = min(ceiling * 2, CAP_S)

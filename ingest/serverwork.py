"""Whether the database is at work on a batch: the time to read and decode the next one."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class ServerWork(asyncio.Event):
    """Set while the database has rows to store and nothing is left to do here before it answers."""

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Set within."""
        self.set()
        try:
            yield
        finally:
            self.clear()

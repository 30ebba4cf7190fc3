"""Whether the database is at work on a batch: the time to read and decode the next one."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class ServerWork(asyncio.Event):
    """Set while the database has rows to store and nothing is left to do here before it answers."""

    def __init__(self) -> None:
        super().__init__()
        self._used: object = None

    def put_off(self, used: object) -> None:
        """Keeps what is of no more use until there is time to free it, or the next such comes."""
        self._used = used

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Set within."""
        self.set()
        self._used = None
        try:
            yield
        finally:
            self.clear()

"""Gives the writer's steps priority over reading and preparing."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class WritePriority(asyncio.Event):
    """Set while the writer waits for the database or has nothing to write.

    Clear while the writer needs the event loop: reading and preparing wait until it is set.
    """

    def __init__(self) -> None:
        super().__init__()
        self._used: object = None
        self._is_released = True
        self.set()

    def release(self) -> None:
        """No write is in progress."""
        self._is_released = True
        self.set()

    def take(self) -> None:
        """A write begins, and takes priority."""
        self._is_released = False
        self.clear()

    def defer_free(self, used: object) -> None:
        """Keeps a reference to an unused object until there is time to free it (milliseconds)."""
        self._used = used

    @contextmanager
    def yielded(self) -> Iterator[None]:
        """Yields priority while the database executes a statement."""
        self.set()
        self._used = None
        try:
            yield
        finally:
            # An abandoned write may end at any time.
            if not self._is_released:
                self.clear()

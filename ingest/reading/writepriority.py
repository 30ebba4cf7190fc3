"""Whether this process has time to read and prepare: the database's next step comes first."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class WritePriority(asyncio.Event):
    """Set while the database works on rows that it was given, or there is nothing to write.

    Clear while a write has its next step to do here: reading and preparing wait for that long.
    """

    def __init__(self) -> None:
        super().__init__()
        self._used: object = None
        self._is_released = True
        self.set()

    def release(self) -> None:
        """Nothing is to be written."""
        self._is_released = True
        self.set()

    def take(self) -> None:
        """A write begins, whose steps come first."""
        self._is_released = False
        self.clear()

    def defer_free(self, used: object) -> None:
        """Keeps what is of no more use until there is time to free it: that takes milliseconds."""
        self._used = used

    @contextmanager
    def yielded(self) -> Iterator[None]:
        """The database has rows to store within, and nothing is left to do here."""
        self.set()
        self._used = None
        try:
            yield
        finally:
            # A write that was given up may end at any time.
            if not self._is_released:
                self.clear()

"""Errors that nobody foresaw while a batch is handled: counted, logged, and told from those that
end the process.

A message that brings one about goes to the dead letters, and ingest goes on.
"""

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from aiokafka.errors import KafkaError
from psycopg import Error as DatabaseError

from ingest import metrics
from sql.edition import EditionError

log = structlog.get_logger("ingest")

LOG_EVERY_S: Final = 60.0
# Frames of a trace, from the innermost outwards.
_FRAMES: Final = 8

Place = tuple[str, str, int]


class StepError(Exception):
    """What a step of ingest reports to its caller on purpose; never retried, never isolated."""


# No fault of a message: a server or this machine does not serve us now.
EXTERNAL_ERRORS: Final = (DatabaseError, EditionError, KafkaError, OSError)


def is_unexpected(error: Exception) -> bool:
    """Whether the error is a fault of ours, or of what a message made of our code.

    Without memory the process cannot go on; the others are handled where they are raised.
    """
    return not isinstance(error, (MemoryError, StepError, *EXTERNAL_ERRORS))


def detail_of(error: Exception) -> str:
    """What a dead letter says of an unexpected error: its type, and no word of its message."""
    return f"ingest failed on this message with an unexpected {type(error).__name__}"


@contextmanager
def reported(step: str) -> Iterator[None]:
    """Reports an unexpected error within, and goes on behind it: a bug beside the hot path must
    not end ingest."""
    try:
        yield
    except Exception as error:
        if not is_unexpected(error):
            raise
        report(step, error)


class Reporter:
    """Counts unexpected errors, and logs each place in the code once a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged: dict[Place, float] = {}

    def report(self, step: str, error: Exception) -> None:
        """Counts the error, and logs it without its message, which may hold data of users."""
        metrics.UNEXPECTED_ERRORS.labels(step).inc()
        name = type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
        place = (name, frames[-1].filename, frames[-1].lineno or 0) if frames else (name, "", 0)
        if self._is_due(place):
            trace = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
            log.error(
                "unexpected error",
                step=step,
                error=name,
                trace=trace,
                hint="report the trace as a bug, with the dead letter if there is one",
            )

    def _is_due(self, place: Place) -> bool:
        now = self._clock()
        last = self._logged.get(place)
        if last is not None and now < last + LOG_EVERY_S:
            return False
        self._logged[place] = now
        return True


_REPORTER: Final = Reporter()
report: Final = _REPORTER.report

"""Unexpected errors in processing a batch: classified, counted and logged.

The message that causes one becomes a dead letter, and ingest continues.
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
# Logged frames of a traceback, the innermost ones.
_FRAMES: Final = 8

CodeLocation = tuple[str, str, int]


class StepError(Exception):
    """An expected outcome that a step reports to its caller; neither retried nor dead-lettered."""


# Not caused by a message: a server or this machine is unavailable.
EXTERNAL_ERRORS: Final = (DatabaseError, EditionError, KafkaError, OSError)


def is_unexpected(error: Exception) -> bool:
    """Whether the error is a bug, possibly triggered by a message.

    Without memory the process cannot continue; the other errors are handled where they occur.
    """
    return not isinstance(error, (MemoryError, StepError, *EXTERNAL_ERRORS))


def detail_of(error: Exception) -> str:
    """A dead letter's detail for an unexpected error: its type without its message."""
    return f"ingest failed on this message with an unexpected {type(error).__name__}"


@contextmanager
def reported(step: str) -> Iterator[None]:
    """Reports and suppresses an unexpected error in its block: a bug outside the write path must
    not end ingest."""
    try:
        yield
    except Exception as error:
        if not is_unexpected(error):
            raise
        report(step, error)


class Reporter:
    """Counts unexpected errors, and logs each code location once a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged: dict[CodeLocation, float] = {}

    def report(self, step: str, error: Exception) -> None:
        """Counts the error and logs it without its message, which may hold user data."""
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

    def _is_due(self, place: CodeLocation) -> bool:
        now = self._clock()
        last = self._logged.get(place)
        if last is not None and now < last + LOG_EVERY_S:
            return False
        self._logged[place] = now
        return True


_REPORTER: Final = Reporter()
report: Final = _REPORTER.report

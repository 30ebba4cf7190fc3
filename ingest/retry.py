"""When to try again, and after how long."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import structlog

from ingest import metrics
from ingest.errors import sentence
from ingest.unexpectederrors import EXTERNAL_ERRORS, is_unexpected, report

log = structlog.get_logger("ingest")

Result = TypeVar("Result")

# A database that is away should not be hit by every consumer at once when it returns.
BASE_S = 0.1
CAP_S = 5.0


def backoff() -> Iterator[float]:
    """Seconds to wait before each next attempt: exponential to 5, with full jitter."""
    ceiling = BASE_S
    while True:
        yield random.uniform(BASE_S / 2, ceiling)  # noqa: S311 - no secret hangs on it
        ceiling = min(ceiling * 2, CAP_S)


async def until_done(step: str, attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Tries until the database and the broker let it through, or a bug does.

    A StepError and MemoryError are raised to the caller.
    """
    delays = backoff()
    cancelled_before = _cancellations()
    while True:
        try:
            result = await attempt()
        except Exception as error:
            if is_unexpected(error):
                report(step, error)
            elif not isinstance(error, EXTERNAL_ERRORS):
                raise
            if _cancellations() > cancelled_before:
                # psycopg may raise an error of the connection in place of the cancellation.
                raise asyncio.CancelledError from error
            delay = next(delays)
            metrics.RETRIES.labels(step).inc()
            log.warning(
                "will try again",
                step=step,
                error=sentence(error),
                sqlstate=getattr(error, "sqlstate", None),
                delay_s=round(delay, 2),
            )
            await asyncio.sleep(delay)
        else:
            if _cancellations() > cancelled_before:
                # A library swallowed it together with its result.
                raise asyncio.CancelledError
            return result


def _cancellations() -> int:
    """How often this task was asked to end; a task group leaves its own requests counted."""
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0

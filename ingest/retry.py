"""Retries with exponential backoff."""

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

# With jitter: a restarted database should not be hit by all consumers at once.
BASE_S = 0.1
CAP_S = 5.0


def backoff() -> Iterator[float]:
    """Seconds to wait before each next attempt: exponential up to 5, with jitter."""
    ceiling = BASE_S
    while True:
        yield random.uniform(BASE_S / 2, ceiling)  # noqa: S311 - not a secret
        ceiling = min(ceiling * 2, CAP_S)


async def until_done(step: str, attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Retries `attempt` until it succeeds; unexpected errors are reported and retried too.

    Raises StepError and MemoryError.
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
                # psycopg may raise a connection error instead of the cancellation.
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
                # A library swallowed the cancellation.
                raise asyncio.CancelledError
            return result


def _cancellations() -> int:
    """Pending cancellation requests of this task; those of a task group stay counted."""
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0

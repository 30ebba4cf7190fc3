"""Tasks that claim or write: the wait for one, and its end before its time."""

import asyncio
from collections.abc import Collection
from typing import Any

import structlog

from ingest import metrics
from ingest.offsets import FencedError
from ingest.serverwork import ServerWork

log = structlog.get_logger("ingest")

Work = asyncio.Task[None]


async def give_up(works: Collection[Work], patience_s: float) -> None:
    """Cancels tasks, and waits for their end no longer than this.

    A server that does not answer must not hold up the group: the fence keeps out whatever comes
    of it.
    """
    if not works:
        return
    for work in works:
        work.cancel()
    await asyncio.wait(works, timeout=patience_s)
    for work in works:
        _tell_end(work)


async def first_of(work: Work, server_work: ServerWork | None, patience_s: float) -> bool:
    """Whether a task ended, or the server was given its rows, within this time."""
    if server_work is None:
        ended, _ = await asyncio.wait({work}, timeout=patience_s)
        return bool(ended)
    at_work = asyncio.create_task(server_work.wait())
    until: set[asyncio.Task[Any]] = {work, at_work}
    try:
        done, _ = await asyncio.wait(until, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        at_work.cancel()
    return bool(done)


def _tell_end(work: Work) -> None:
    error = None if not work.done() or work.cancelled() else work.exception()
    if isinstance(error, FencedError):
        metrics.FENCED.inc()
    if not work.done() or error is not None:
        log.info("work given up", ended=work.done(), reason=str(error or "no answer"))

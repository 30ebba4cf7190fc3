"""Work that ends as a whole: when it fails, or when another task ends it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from ingest.writing.offsets import FencedError

log = structlog.get_logger("ingest")

Result = TypeVar("Result")


class CancelScope:
    """Runs the work of one assignment; `end` waits up to `patience_s` for a cancelled step.

    An unresponsive server must not block the caller of `end`: after `patience_s` the step is
    abandoned, and the fence rejects any write that it still makes.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._grace_s = patience_s
        self._task: asyncio.Task[None] | None = None
        self._is_ending = False
        self._ended = asyncio.Event()

    async def run(self, work: Coroutine[Any, Any, None], drain_s: float) -> None:
        """Returns when the work has returned or the scope has ended; raises the work's exception.

        If the caller is cancelled, the scope ends with a grace of `drain_s`.
        """
        self._task = asyncio.create_task(work)
        ended = asyncio.create_task(self._ended.wait())
        try:
            await asyncio.wait({self._task, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not self._is_ending:
                self._task.result()
        finally:
            ended.cancel()
            await self.end(drain_s)

    @property
    def is_ending(self) -> bool:
        """Whether the scope was ended, so that its partitions may have another owner."""
        return self._is_ending

    async def end(self, grace_s: float | None = None) -> None:
        """Cancels the work and returns when it has ended, or when the time to wait is over.

        A step that runs in `complete` has `grace_s` to finish, by default `patience_s`.
        """
        is_first, self._is_ending = not self._is_ending, True
        if grace_s is not None:
            self._grace_s = grace_s
        if self._task is not None and not self._task.done():
            # Once: a second cancellation would interrupt a step within its grace period.
            if is_first:
                self._task.cancel()
            await asyncio.wait({self._task}, timeout=self._grace_s + 2 * self._patience_s)
        if self._task is not None and self._task.done() and not self._task.cancelled():
            # Retrieved, so that asyncio does not log it as never retrieved.
            self._task.exception()
        self._ended.set()

    async def complete(self, step: Coroutine[Any, Any, Result]) -> Result:
        """Awaits a step; when the scope ends, the step has the grace period to finish."""
        task = asyncio.create_task(step)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await self._await_grace(task)
            raise

    async def _await_grace(self, task: asyncio.Task[Any]) -> None:
        await asyncio.wait({task}, timeout=self._grace_s)
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=self._patience_s)
        error = None if not task.done() or task.cancelled() else task.exception()
        if isinstance(error, FencedError):
            # The fence is the reason to report, even if the scope was ended for another one.
            raise error
        if not task.done() or error is not None:
            log.info("step abandoned", ended=task.done(), reason=str(error or "no response"))

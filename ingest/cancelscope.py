"""Work that ends as a whole: by its own failure, or because somebody else ends it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from ingest.writing.offsets import FencedError

log = structlog.get_logger("ingest")

Result = TypeVar("Result")


class CancelScope:
    """Runs the work of one assignment; `patience_s` is how long a cancelled step is waited for.

    A server that does not answer must not hold up whoever ends the scope: after its patience it
    leaves the step alone, and the fence keeps out whatever comes of that.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._grace_s = patience_s
        self._task: asyncio.Task[None] | None = None
        self._is_ending = False
        self._ended = asyncio.Event()

    async def run(self, work: Coroutine[Any, Any, None], drain_s: float) -> None:
        """Returns when the work has returned or the scope was ended; raises what the work raises.

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
        """Whether somebody has ended it, so that its work is another's now."""
        return self._is_ending

    async def end(self, grace_s: float | None = None) -> None:
        """Cancels the work, and returns when that has ended, or is not to be waited for any more.

        A step that runs in `complete` has this grace to end by itself, `patience_s` without one.
        """
        is_first, self._is_ending = not self._is_ending, True
        if grace_s is not None:
            self._grace_s = grace_s
        if self._task is not None and not self._task.done():
            # Once: a second time would cut off the step that has its grace.
            if is_first:
                self._task.cancel()
            await asyncio.wait({self._task}, timeout=self._grace_s + 2 * self._patience_s)
        if self._task is not None and self._task.done() and not self._task.cancelled():
            # Asked for, so that asyncio does not log it as a fault.
            self._task.exception()
        self._ended.set()

    async def complete(self, step: Coroutine[Any, Any, Result]) -> Result:
        """Awaits a step that is let end in the scope's grace when the scope is ended."""
        task = asyncio.create_task(step)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await self._let_end(task)
            raise

    async def _let_end(self, task: asyncio.Task[Any]) -> None:
        await asyncio.wait({task}, timeout=self._grace_s)
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=self._patience_s)
        error = None if not task.done() or task.cancelled() else task.exception()
        if isinstance(error, FencedError):
            # It is why the scope ends, whoever ended it first.
            raise error
        if not task.done() or error is not None:
            log.info("step given up", ended=task.done(), reason=str(error or "no answer"))

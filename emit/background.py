"""An emitter in a thread of its own, for agents without an event loop."""

import asyncio
import atexit
import threading
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType

from emit.emitter import Emitter
from emit.stats import Totals


class Background:
    """Runs an emitter in the loop of a background thread, for one `start` and `close`.

    Everything else is the emitter's own, from any thread. What forgets to close is closed when
    the interpreter exits. Threads do not outlive a fork: start it in the child.
    """

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter
        self._loop: Future[asyncio.AbstractEventLoop] = Future()
        self._told_to_close = asyncio.Event()
        # A daemon: nobody's telemetry keeps a process alive.
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run()), name="fleetgauge-emitter", daemon=True
        )

    def start(self) -> Emitter:
        """Returns the emitter, started; RuntimeError where it was started before."""
        self._thread.start()
        self._loop.result()
        atexit.register(self.close)
        return self._emitter

    def close(self) -> Totals:
        """Closes the emitter and waits for it; a second time it only returns the totals."""
        atexit.unregister(self.close)
        if self._thread.is_alive():
            # Another thread may have closed it since.
            with suppress(RuntimeError):
                self._loop.result().call_soon_threadsafe(self._told_to_close.set)
            self._thread.join()
        return self._emitter.totals

    def __enter__(self) -> Emitter:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def _run(self) -> None:
        try:
            await self._emitter.start()
        except RuntimeError as error:
            self._loop.set_exception(error)
            return
        self._loop.set_result(asyncio.get_running_loop())
        await self._told_to_close.wait()
        await self._emitter.close()

"""An emitter in a separate thread, for agents without an event loop."""

import asyncio
import atexit
import threading
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType

from emit.emitter import Emitter
from emit.stats import Totals


class Background:
    """Runs an emitter in the event loop of a background thread, for one `start` and `close`.

    Use the emitter itself for everything else, from any thread. An unclosed emitter is closed when
    the interpreter exits. Threads do not survive a fork: start it in the child.
    """

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter
        self._loop: Future[asyncio.AbstractEventLoop] = Future()
        self._closing = asyncio.Event()
        # A daemon, since telemetry must not keep a process alive.
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run()), name="fleetgauge-emitter", daemon=True
        )

    def start(self) -> Emitter:
        """Starts and returns the emitter; RuntimeError if it was started before."""
        self._thread.start()
        self._loop.result()
        atexit.register(self.close)
        return self._emitter

    def close(self) -> Totals:
        """Closes the emitter, waits for it and returns the totals; safe to repeat."""
        atexit.unregister(self.close)
        if self._thread.is_alive():
            # Another thread may have closed it meanwhile.
            with suppress(RuntimeError):
                self._loop.result().call_soon_threadsafe(self._closing.set)
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
        await self._closing.wait()
        await self._emitter.close()

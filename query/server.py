"""Accepts a bounded number of connections, for uvicorn's server."""

import asyncio
import errno
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, cast

import structlog
import uvicorn

from query.connection import Connection

log = structlog.get_logger(__name__)

# How long to wait before accepting again if the system has no more open files or memory.
PAUSE_S: Final = 0.1
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class CutOffError(Exception):
    """Requests were still being answered when the time for shutdown was over."""


class Server(uvicorn.Server):
    """uvicorn's server on one listening socket, until SIGTERM or SIGINT.

    uvicorn rejects connections beyond a limit with 503. Here a new connection replaces the one
    that has been idle longest; if none is idle, it waits in the system's accept queue.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        listener: socket.socket,
        max_connections: int,
        idle_timeout_s: float,
        drain_timeout_s: float,
    ) -> None:
        super().__init__(config)
        self._listener = listener
        self._max_connections = max_connections
        self._idle_timeout_s = idle_timeout_s
        self._drain_timeout_s = drain_timeout_s
        self._changed = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Without uvicorn's second delivery of the signal, which would end the process."""
        loop = asyncio.get_running_loop()
        for ending in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(ending, self._stop)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=[])
        self._listener.setblocking(False)
        self._accepting = asyncio.create_task(self._accept())
        # After an error, which shutdown raises.
        self._accepting.add_done_callback(lambda _: self._stop())
        log.info("listening", address=_url(self._listener))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes the port and answers accepted requests; CutOffError if there is no time left."""
        self._accepting.cancel()
        try:
            with suppress(asyncio.CancelledError):
                await self._accepting
        finally:
            await self._drain()

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(self._drain_timeout_s):
                await super().shutdown()
        except TimeoutError as error:
            raise CutOffError from error

    def _stop(self) -> None:
        self.should_exit = True

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        with self._listener:
            while True:
                try:
                    accepted, _ = await loop.sock_accept(self._listener)
                except OSError as error:
                    await self._pause_after(error)
                    continue
                await self._admit(accepted)

    async def _admit(self, accepted: socket.socket) -> None:
        """Connects the client once one more connection is allowed."""
        try:
            await self._make_room()
            # uvicorn writes head and body separately; without this option the body would wait for
            # the acknowledgement of the head, 40 ms on Linux.
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            loop = asyncio.get_running_loop()
            await loop.connect_accepted_socket(self._connection, accepted)
        except BaseException as error:
            accepted.close()
            if not isinstance(error, OSError):
                raise

    def _connection(self) -> Connection:
        return Connection(
            self.config,
            self.server_state,
            self.lifespan.state,
            self._idle_timeout_s,
            self._changed.set,
        )

    async def _make_room(self) -> None:
        """Returns when one more connection is allowed."""
        while len(self._connections) >= self._max_connections:
            idle = [one for one in self._connections if one.idle_since is not None]
            if idle:
                min(idle, key=lambda one: one.idle_since or 0).shutdown()
            self._changed.clear()
            await self._changed.wait()

    @property
    def _connections(self) -> set[Connection]:
        return cast(set[Connection], self.server_state.connections)

    async def _pause_after(self, error: OSError) -> None:
        is_exhausted = error.errno in _EXHAUSTED
        if is_exhausted:
            log.warning("cannot accept a connection", reason=error.strerror)
        await asyncio.sleep(PAUSE_S if is_exhausted else 0)


def _url(listener: socket.socket) -> str:
    host, port, *_ = listener.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

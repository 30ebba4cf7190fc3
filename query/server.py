"""The listening socket and its connections, of which there is a bounded number."""

import asyncio
import errno
import socket
from contextlib import suppress
from typing import Final

import structlog

from query.connection import App, Connection

log = structlog.get_logger(__name__)

# How long accepting rests where the system has no more files or memory to give.
PAUSE_S: Final = 0.1
_SHORT: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Server:
    """Accepts connections while there is a place; a new one takes the place of the longest idle."""

    def __init__(
        self, app: App, listener: socket.socket, max_connections: int, idle_timeout_s: float
    ) -> None:
        self._app = app
        self._listener = listener
        self._max_connections = max_connections
        self._idle_timeout_s = idle_timeout_s
        self._connections: set[Connection] = set()
        # The longest idle first.
        self._idle: dict[Connection, None] = {}
        self._changed = asyncio.Event()

    async def serve(self) -> None:
        """Accepts until it is cancelled; the listening socket is closed then."""
        loop = asyncio.get_running_loop()
        self._listener.setblocking(False)
        try:
            while True:
                try:
                    accepted, _ = await loop.sock_accept(self._listener)
                except OSError as error:
                    await self._rest_after(error)
                    continue
                try:
                    await self._place()
                except asyncio.CancelledError:
                    accepted.close()
                    raise
                with suppress(OSError):
                    await loop.connect_accepted_socket(self._connect, accepted)
        finally:
            self._listener.close()

    async def drain(self) -> None:
        """Returns once every request that was accepted has been answered."""
        for connection in list(self._connections):
            connection.finish()
        while self._connections:
            self._changed.clear()
            await self._changed.wait()

    def idle(self, connection: Connection) -> None:
        self._idle[connection] = None
        self._changed.set()

    def busy(self, connection: Connection) -> None:
        self._idle.pop(connection, None)

    def gone(self, connection: Connection) -> None:
        self._idle.pop(connection, None)
        self._connections.discard(connection)
        self._changed.set()

    def _connect(self) -> Connection:
        connection = Connection(self._app, self, self._idle_timeout_s)
        self._connections.add(connection)
        return connection

    async def _place(self) -> None:
        """Returns once there is a place for one more."""
        while len(self._connections) >= self._max_connections:
            if self._idle:
                connection = next(iter(self._idle))
                self.gone(connection)
                connection.finish()
                return
            self._changed.clear()
            await self._changed.wait()

    async def _rest_after(self, error: OSError) -> None:
        if error.errno in _SHORT:
            log.warning("cannot accept a connection", reason=error.strerror)
            await asyncio.sleep(PAUSE_S)

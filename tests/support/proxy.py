"""A TCP proxy that can cut and freeze connections, and pause at a position in the stream."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from tests.support.postgres_messages import Messages


class Stop(Protocol):
    """Pauses a stream once at a position: sets `sprung`, and continues after `released`."""

    sprung: asyncio.Event
    released: asyncio.Event

    def split(self, data: bytes, link: object) -> int | None:
        """Number of a link's next bytes before the position; None if it is not in them."""


class Trap:
    """Pauses after `pattern` and `after` more bytes."""

    def __init__(self, pattern: bytes, after: int = 0) -> None:
        self._pattern = pattern
        self._after = after
        self._is_set = True
        self.sprung = asyncio.Event()
        self.released = asyncio.Event()

    def split(self, data: bytes, link: object) -> int | None:
        at = data.find(self._pattern) if self._is_set else -1
        if at < 0:
            return None
        self._is_set = False
        return at + len(self._pattern) + self._after


class CountingTrap:
    """Pauses before message `number` (from 0), counted over all links opened since it was set."""

    def __init__(self, number: int, *, of_client: bool) -> None:
        self._left = number
        self._links = defaultdict[object, Messages](lambda: Messages(of_client=of_client))
        self.sprung = asyncio.Event()
        self.released = asyncio.Event()

    def split(self, data: bytes, link: object) -> int | None:
        for at in self._links[link].begin_at(data):
            self._left -= 1
            if self._left < 0:
                return at if self._left == -1 else None
        return None


class Proxy:
    """Listens on `port` for clients of one server; set a trap on the clients' or server's bytes."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._links: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._refusing = False
        self.port = 0
        self.client_trap: Stop | None = None
        self.server_trap: Stop | None = None

    def cut(self) -> None:
        """Closes all connections; accepts new ones."""
        for link in self._links:
            link.cancel()

    def refuse(self) -> None:
        """Closes all connections, and accepts no new ones until `accept`."""
        self._refusing = True
        self.cut()

    def accept(self) -> None:
        """Accepts connections again."""
        self._refusing = False

    def freeze(self) -> None:
        """Holds all bytes without closing connections, until `thaw`."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Forwards the bytes that were held."""
        self._flowing.set()

    async def ended(self) -> None:
        """Returns when every connection that was cut is closed."""
        if self._links:
            await asyncio.wait(self._links)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection, from its first byte to its end."""
        try:
            if not self._refusing:
                task = asyncio.create_task(self._link(reader, writer))
                self._links.add(task)
                task.add_done_callback(self._links.discard)
                with suppress(asyncio.CancelledError, OSError):
                    await task
        finally:
            writer.transport.abort()

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(self._host, self._port)
        pumps = [
            asyncio.create_task(self._pump(reader, up_writer, "client_trap")),
            asyncio.create_task(self._pump(up_reader, writer, "server_trap")),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Abort first: a second cut would cancel the rest of this block.
            up_writer.transport.abort()
            for pump in pumps:
                pump.cancel()
            await asyncio.wait(pumps)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, trap_name: str
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(64 * 1024):
                await self._flowing.wait()
                trap: Stop | None = getattr(self, trap_name)
                at = trap.split(data, reader) if trap is not None else None
                if trap is not None and at is not None:
                    writer.write(data[:at])
                    await writer.drain()
                    trap.sprung.set()
                    await trap.released.wait()
                    data = data[at:]
                writer.write(data)
                await writer.drain()


@asynccontextmanager
async def proxy_to(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy in front of the server of a URL, and the URL through the proxy."""
    parts = urlsplit(url)
    proxy = Proxy(parts.hostname or "", parts.port or 0)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    login, _, _ = parts.netloc.rpartition("@")
    through = parts._replace(netloc=f"{login}@127.0.0.1:{proxy.port}")
    try:
        yield proxy, urlunsplit(through)
    finally:
        server.close()
        proxy.thaw()
        proxy.cut()
        await proxy.ended()
        await server.wait_closed()

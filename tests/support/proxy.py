"""A TCP proxy between the parts: cuts, freezes, and waits at a place in the stream."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from tests.support.postgres_messages import Messages


class Stop(Protocol):
    """A place where a stream stops, once: `sprung` is set there; it goes on after `released`."""

    sprung: asyncio.Event
    released: asyncio.Event

    def split(self, data: bytes, link: object) -> int | None:
        """How much of a link's next bytes goes through before it; None where it is not here."""


class Trap:
    """Stops where `pattern` has passed, and `after` more bytes."""

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
    """Stops before the message of this number, from 0, of all links that began since it was set."""

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
    """Between clients of `port` and one server; set a trap on what clients or the server say."""

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
        """Ends every connection there is; new ones are taken."""
        for link in self._links:
            link.cancel()

    def refuse(self) -> None:
        """Ends every connection and takes no more until `accept`."""
        self._refusing = True
        self.cut()

    def accept(self) -> None:
        """Takes connections again."""
        self._refusing = False

    def freeze(self) -> None:
        """Lets nothing pass, and nobody knows, until `thaw`."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Lets pass what was held."""
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
            # At once: who is cut twice does not come to the end of this.
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
    """A proxy before the server of a URL, and the URL that goes through it."""
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

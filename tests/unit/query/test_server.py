"""HTTP/1.1 over real connections to a small application. Source: RFC 9112."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn

from query import connection
from query.connection import MAX_PIPELINED, Connection
from query.server import CutOffError, Server

IDLE_S = 0.8
HEAD_S = 0.3
# More than the system's buffers between a server and a client from `connect_small`.
MEDIUM = 60_000
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.fixture(autouse=True)
def _short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_TIMEOUT_S", HEAD_S)
    monkeypatch.setattr(connection, "WRITE_TIMEOUT_S", HEAD_S)


class Application:
    """Answers with method, path and query.

    `/fail` raises, `/medium` and `/large` have long answers, and `/slow` waits for `release`.
    """

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.answering = asyncio.Semaphore(0)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        self.answering.release()
        if scope["path"] == "/fail":
            raise KeyError("password")
        if scope["path"] == "/slow":
            await self.release.wait()
        body = f"{scope['method']} {scope['path']} {scope['query_string'].decode()}".encode()
        body = {"/medium": b"x" * MEDIUM, "/large": b"x" * 2**23}.get(scope["path"], body)
        length = (b"content-length", b"%d" % len(body))
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        is_head = scope["method"] == "HEAD"
        await send({"type": "http.response.body", "body": b"" if is_head else body})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


class Serving:
    """A running server."""

    def __init__(self, max_connections: int, drain_timeout_s: float) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        # Inherited by its connections, so that an unread answer fills them soon.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        self.port: int = listener.getsockname()[1]
        self.application = Application()
        config = uvicorn.Config(
            self.application, http=Connection, ws="none", log_config=None, access_log=False
        )
        self._server = Server(config, listener, max_connections, IDLE_S, drain_timeout_s)
        self.task = asyncio.create_task(self._server.serve())

    def stop(self) -> None:
        self._server.should_exit = True

    def options(self, option: int) -> list[int]:
        """The value of a TCP option on each connection."""
        sockets = [
            one.transport.get_extra_info("socket") for one in self._server.server_state.connections
        ]
        assert sockets
        return [one.getsockopt(socket.IPPROTO_TCP, option) for one in sockets]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    def connect_small(self) -> socket.socket:
        """A client for which the system buffers only a few kilobytes."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        client.connect(("127.0.0.1", self.port))
        return client

    async def exchange(self, *pieces: bytes, pause_s: float = 0) -> tuple[bytes, float]:
        """The whole reply to these bytes, and the seconds until the connection's end."""
        reader, writer = await self.connect()
        began = time.monotonic()
        reading = asyncio.create_task(read_all(reader))
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(pause_s)
        answers = await reading
        writer.close()
        return answers, time.monotonic() - began


async def read_all(reader: asyncio.StreamReader) -> bytes:
    """What arrived before the connection was closed or reset."""
    found = bytearray()
    with suppress(ConnectionError):
        while piece := await reader.read(65_536):
            found += piece
    return bytes(found)


@asynccontextmanager
async def serving(max_connections: int = 100, drain_timeout_s: float = 5) -> AsyncIterator[Serving]:
    running = Serving(max_connections, drain_timeout_s)
    try:
        yield running
    finally:
        running.application.release.set()
        running.stop()
        await running.task


# What is sent, the status of each answer, and part of the last one.
REQUESTS: dict[str, tuple[bytes, list[bytes], bytes]] = {
    "one": (GET, [b"200"], b"GET / "),
    "two": (GET + b"GET /2?a=b HTTP/1.1\r\nHost: a\r\n\r\n", [b"200", b"200"], b"GET /2 a=b"),
    "the last": (LAST + GET, [b"200"], b"GET / "),
    "HTTP/1.0": (b"GET / HTTP/1.0\r\n\r\n", [b"200"], b"GET / "),
    "HEAD": (b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", [b"200"], b"content-length: 7"),
    "escaped": (b"GET /%61%2Fb HTTP/1.1\r\nHost: a\r\n\r\n", [b"200"], b"GET /a/b "),
    "absolute": (b"GET http://b/c?d HTTP/1.1\r\nHost: a\r\n\r\n", [b"200"], b"GET /c d"),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", [b"200"], b"OPTIONS * "),
    "tunnel": (b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", [b"400"], b'"error"'),
    "empty line first": (b"\r\n" + GET, [b"200"], b"GET / "),
    "body": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" + GET,
        [b"200"],
        b"POST / ",
    ),
    "chunked": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
        [b"200"],
        b"POST / ",
    ),
    "failure": (b"GET /fail HTTP/1.1\r\nHost: a\r\n\r\n", [b"500"], b"Internal Server Error"),
    "bare LF": (b"GET / HTTP/1.1\nHost: a\n\n", [b"400"], b'"error"'),
    "one bare LF": (b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", [b"400"], b'"error"'),
    "LF at the end": (b"GET / HTTP/1.1\r\nHost: a\r\n\n", [b"400"], b'"error"'),
    "bare CR": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", [b"400"], b'"error"'),
    "space before colon": (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", [b"400"], b'"error"'),
    "folded": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", [b"400"], b'"error"'),
    "NUL": (b"GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", [b"400"], b'"error"'),
    "both lengths": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        [b"400"],
        b'"error"',
    ),
    "a path that is too long": (
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        [b"431"],
        b'"error"',
    ),
    "another version": (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", [b"400"], b'"error"'),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01", [b"400"], b'"error"'),
    "malformed second": (GET + b"GET / HTTP/1.1\n\n", [b"200"], b"GET / "),
    "too large": (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000, [b"431"], b'"error"'),
}


def statuses(answers: bytes) -> list[bytes]:
    return [head[:3] for head in answers.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize("name", REQUESTS)
async def test_requests(name: str) -> None:
    sent, expected, part = REQUESTS[name]
    async with serving() as server:
        answers, _ = await server.exchange(sent)
        # The same byte by byte: a malformed request may be refused before its end.
        slowly, _ = await server.exchange(*(sent[n : n + 1] for n in range(len(sent[:200]))))
    assert statuses(answers) == expected
    assert part in answers.rpartition(b"HTTP/1.1 ")[2]
    assert b"password" not in answers
    # The first of two was answered before the second one was sent.
    if len(sent) <= 200 and name != "malformed second":
        assert len(statuses(slowly)) == len(expected)


async def test_small_packets_are_sent_at_once() -> None:
    async with serving() as server:
        _, writer = await server.connect()
        writer.write(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        await server.application.answering.acquire()
        assert all(server.options(socket.TCP_NODELAY))
        writer.close()


async def test_an_idle_connection_is_kept_longer_than_a_head_may_take() -> None:
    async with serving() as server:
        _, silent_s = await server.exchange()
        _, partial_s = await server.exchange(b"GET / HTTP/1.1\r\n")
        _, dripping_s = await server.exchange(*[b"X: y\r\n"] * 20, pause_s=0.05)
        _, line_breaks_s = await server.exchange(GET, *[b"\r\n"] * 20, pause_s=0.05)
        _, idle_s = await server.exchange(GET)
        _, partial_second_s = await server.exchange(GET + b"GET / HTTP/1.1\r\n")
        answers, _ = await server.exchange(GET, GET, pause_s=2 * HEAD_S)
    assert HEAD_S <= silent_s < IDLE_S
    assert HEAD_S <= partial_s < IDLE_S
    assert dripping_s < 1.5
    assert line_breaks_s < 1.5
    assert idle_s >= IDLE_S
    assert partial_second_s < IDLE_S
    assert statuses(answers) == [b"200", b"200"]


async def test_a_head_that_began_during_an_answer_has_the_same_time() -> None:
    async with serving() as server:
        reader, writer = await server.connect()
        writer.write(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n")
        await server.application.answering.acquire()
        began = time.monotonic()
        server.application.release.set()
        answers = await reader.read()
        assert HEAD_S <= time.monotonic() - began < IDLE_S
        assert statuses(answers) == [b"200"]
        writer.close()


@pytest.mark.parametrize("path", [b"/large", b"/medium"])
@pytest.mark.parametrize("more", [b"", b"Connection: close\r\n"])
async def test_a_client_that_does_not_read_its_answer_is_disconnected(
    path: bytes, more: bytes
) -> None:
    async with serving(max_connections=1) as server:
        client = server.connect_small()
        client.sendall(b"GET %b HTTP/1.1\r\nHost: a\r\n%b\r\n" % (path, more))
        await server.application.answering.acquire()
        began = time.monotonic()
        answer, _ = await server.exchange(LAST)
        assert statuses(answer) == [b"200"]
        assert time.monotonic() - began < IDLE_S
        client.close()


async def test_a_client_that_reads_late_makes_room() -> None:
    """The connection is idle only when the client has read its answer."""
    async with serving(max_connections=1) as server:
        client = server.connect_small()
        client.setblocking(False)
        client.sendall(b"GET /medium HTTP/1.1\r\nHost: a\r\n\r\n")
        await server.application.answering.acquire()
        waiting = asyncio.create_task(server.exchange(LAST))
        await asyncio.wait({waiting}, timeout=HEAD_S / 3)
        assert not waiting.done()
        began, left = time.monotonic(), MEDIUM
        while left > 0:
            left -= len(await asyncio.get_running_loop().sock_recv(client, 65_536))
        answer, _ = await waiting
        assert statuses(answer) == [b"200"]
        assert time.monotonic() - began < HEAD_S
        client.close()


async def test_an_offer_of_another_protocol_is_ignored() -> None:
    async with serving() as server:
        reader, writer = await server.connect()
        for _ in range(2):
            writer.write(GET[:-2] + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n")
            assert b"200" in await reader.readuntil(b"GET / ")
        writer.close()


async def test_a_new_connection_replaces_the_one_idle_longest() -> None:
    async with serving(max_connections=2) as server:
        clients = [await server.connect() for _ in range(2)]
        for reader, writer in clients:
            writer.write(GET)
            await reader.readuntil(b"GET / ")
        answer, _ = await server.exchange(LAST)
        assert statuses(answer) == [b"200"]
        assert await clients[0][0].read() == b""
        clients[1][1].write(GET)
        assert b"200" in await clients[1][0].readuntil(b"GET / ")
        for _, writer in clients:
            writer.close()


async def test_further_connections_wait_while_all_are_busy() -> None:
    slow = b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"
    async with serving(max_connections=2) as server:
        clients = [asyncio.create_task(server.exchange(slow)) for _ in range(5)]
        for _ in range(2):
            await server.application.answering.acquire()
        await asyncio.wait(clients, timeout=HEAD_S / 2)
        assert server.application.answering.locked()
        server.application.release.set()
        answers = await asyncio.gather(*clients)
    assert [statuses(answer) for answer, _ in answers] == [[b"200"]] * 5


async def test_requests_sent_before_the_first_answer_are_limited() -> None:
    async with serving() as server:
        answers, _ = await server.exchange(GET * MAX_PIPELINED)
        too_many, _ = await server.exchange(GET * (MAX_PIPELINED + 1))
    assert statuses(answers) == [b"200"] * MAX_PIPELINED
    assert statuses(too_many) == [b"200"] * MAX_PIPELINED


async def test_accepted_requests_are_answered_before_shutdown_ends() -> None:
    async with serving() as server:
        reader, writer = await server.connect()
        writer.write(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        await server.application.answering.acquire()
        idle, unused = await server.connect()
        server.stop()
        assert await idle.read() == b""
        server.application.release.set()
        assert statuses(await reader.read()) == [b"200"]
        writer.close()
        unused.close()


async def test_a_request_that_outlasts_shutdown_is_cut_off() -> None:
    server = Serving(max_connections=1, drain_timeout_s=0.2)
    _, writer = await server.connect()
    writer.write(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    await server.application.answering.acquire()
    server.stop()
    with pytest.raises(CutOffError):
        await server.task
    server.application.release.set()
    writer.close()


async def test_a_client_that_is_gone_frees_its_place() -> None:
    async with serving(max_connections=1) as server:
        for _ in range(3):
            _, writer = await server.connect()
            writer.write(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            await server.application.answering.acquire()
            writer.transport.abort()
        answer, _ = await server.exchange(GET)
    assert statuses(answer) == [b"200"]

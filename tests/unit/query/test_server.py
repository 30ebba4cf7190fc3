"""HTTP/1.1 as clients and proxies rely on it, over real connections, to a small application."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from query import connection
from query.server import Server

IDLE_S = 0.8
HEAD_S = 0.3
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_TIMEOUT_S", HEAD_S)


async def application(scope: Any, _: Any, send: Any) -> None:
    """Answers with its method, path and query; /fail fails, and /slow takes its time."""
    if scope["path"] == "/fail":
        raise KeyError("password")
    if scope["path"] == "/slow":
        await asyncio.sleep(0.3)
    body = f"{scope['method']} {scope['path']} {scope['query_string'].decode()}".encode()
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    is_head = scope["method"] == "HEAD"
    await send({"type": "http.response.body", "body": b"" if is_head else body})


@asynccontextmanager
async def serving(max_connections: int = 100) -> AsyncIterator[tuple[Server, int]]:
    """The server and its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = Server(application, listener, max_connections, IDLE_S)
    accepting = asyncio.create_task(server.serve())
    try:
        yield server, port
    finally:
        accepting.cancel()
        await asyncio.wait({accepting})
        async with asyncio.timeout(5):
            await server.drain()


async def exchange(port: int, *pieces: bytes, pause_s: float = 0) -> tuple[bytes, float]:
    """All that comes back to these bytes, and the seconds until the connection's end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    try:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(pause_s)
        return await reader.read(), time.monotonic() - began
    finally:
        writer.close()


# what is sent, the status of each answer, and what the last one holds; RFC 9112
REQUESTS: dict[str, tuple[bytes, list[bytes], bytes]] = {
    "one": (GET, [b"200"], b"GET / "),
    "two": (GET + b"GET /2?a=b HTTP/1.1\r\nHost: a\r\n\r\n", [b"200", b"200"], b"GET /2 a=b"),
    "the last": (
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + GET,
        [b"200"],
        b"GET / ",
    ),
    "HTTP/1.0": (b"GET / HTTP/1.0\r\n\r\n", [b"200"], b"GET / "),
    "HEAD": (b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", [b"200"], b"content-length: 7"),
    "escaped": (b"GET /%61%2Fb HTTP/1.1\r\nHost: a\r\n\r\n", [b"200"], b"GET /a/b "),
    "absolute": (b"GET http://b/c?d HTTP/1.1\r\nHost: a\r\n\r\n", [b"200"], b"GET /c d"),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", [b"200"], b"OPTIONS * "),
    "empty line first": (b"\r\n" + GET, [b"200"], b"GET / "),
    "upgrade": (
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        [b"200"],
        b"GET / ",
    ),
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
    "failure": (b"GET /fail HTTP/1.1\r\nHost: a\r\n\r\n", [b"500"], b"content-length: 0"),
    "bare LF": (b"GET / HTTP/1.1\nHost: a\n\n", [b"400"], b"content-length: 0"),
    "a bare LF": (b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", [b"400"], b""),
    "LF at the end": (b"GET / HTTP/1.1\r\nHost: a\r\n\n", [b"400"], b""),
    "bare CR": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", [b"400"], b""),
    "space before colon": (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", [b"400"], b""),
    "folded": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", [b"400"], b""),
    "NUL": (b"GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", [b"400"], b""),
    "both lengths": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        [b"400"],
        b"",
    ),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01", [b"400"], b""),
    "malformed second": (GET + b"GET / HTTP/1.1\n\n", [b"200"], b"GET / "),
    "large": (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000, [b"431"], b""),
}


@pytest.mark.parametrize("name", REQUESTS)
async def test_requests(name: str) -> None:
    sent, statuses, held = REQUESTS[name]
    async with serving() as (_, port):
        answers, _ = await exchange(port, sent)
        # The same byte by byte; a malformed one may be answered before its end.
        slowly, _ = await exchange(port, *(sent[n : n + 1] for n in range(len(sent[:200]))))
    assert [head[:3] for head in answers.split(b"HTTP/1.1 ")[1:]] == statuses
    assert held in answers.rpartition(b"HTTP/1.1 ")[2]
    assert b"password" not in answers
    # By then the first of two has been answered, so that the second one is, too.
    if len(sent) <= 200 and name != "malformed second":
        assert slowly.count(b"HTTP/1.1 ") == len(statuses)


async def test_an_idle_connection_is_kept_longer_than_a_head_may_take() -> None:
    async with serving() as (_, port):
        _, silent_s = await exchange(port)
        _, partial_s = await exchange(port, b"GET / HTTP/1.1\r\n")
        _, dripping_s = await exchange(port, *[b"X: y\r\n"] * 20, pause_s=0.05)
        _, idle_s = await exchange(port, GET)
        _, partial_second_s = await exchange(port, GET + b"GET / HTTP/1.1\r\n")
        answers, _ = await exchange(port, GET, GET, pause_s=2 * HEAD_S)
    assert HEAD_S <= silent_s < IDLE_S
    assert HEAD_S <= partial_s < IDLE_S
    assert dripping_s < 1.5
    assert idle_s >= IDLE_S
    assert partial_second_s < IDLE_S
    assert answers.count(b"HTTP/1.1 200") == 2


async def test_a_new_connection_takes_the_place_of_the_longest_idle() -> None:
    async with serving(max_connections=2) as (_, port):
        links = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for reader, writer in links:
            writer.write(GET)
            await reader.readuntil(b"GET / ")
        answer, _ = await exchange(
            port, b"GET /new HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )
        assert b"GET /new" in answer
        assert await links[0][0].read() == b""
        links[1][1].write(GET)
        assert b"200" in await links[1][0].readuntil(b"GET / ")
        for _, writer in links:
            writer.close()


async def test_further_connections_wait_while_all_are_busy() -> None:
    slow = b"GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    async with serving(max_connections=1) as (_, port):
        began = time.monotonic()
        answers = await asyncio.gather(*(exchange(port, slow) for _ in range(3)))
        took_s = time.monotonic() - began
    assert all(b"200" in answer for answer, _ in answers)
    assert took_s >= 0.9


async def test_what_was_accepted_is_answered_before_the_end() -> None:
    async with serving() as (server, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        idle, unused = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(0.1)
        draining = asyncio.create_task(server.drain())
        answer = await reader.read()
        writer.close()
        await draining
        assert await idle.read() == b""
        unused.close()
    assert b"200 OK" in answer
    assert b"connection: close" in answer


async def test_a_client_that_is_gone_leaves_nothing() -> None:
    async with serving(max_connections=1) as (_, port):
        for _ in range(3):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n" + GET)
            await asyncio.sleep(0.05)
            with suppress(OSError):
                writer.transport.abort()
        answer, _ = await exchange(port, GET)
    assert b"200 OK" in answer

"""Runs the application in this process until it is told to end."""

import asyncio
import errno
import os
import resource
import signal
import socket
import sys
from typing import Final, NoReturn

import structlog
from litestar import Litestar
from prometheus_client import start_http_server

from query.app import create_app
from query.server import Server
from schemas.exits import DONE, FAILED, UNUSABLE
from schemas.settings import DatabaseSettings, HttpSettings, SettingsError

log = structlog.get_logger(__name__)

BACKLOG: Final = 1_024
# Besides those of clients: the database's, the log's, the libraries'.
OWN_FILES: Final = 128


def run(database: DatabaseSettings, http: HttpSettings) -> NoReturn:
    """Serves until SIGTERM or SIGINT, and ends the process.

    With 0 after a clean end, 1 where the address cannot be had or requests had to be cut off, 2
    where the settings cannot be used.
    """
    _end(_run(database, http))


def _end(code: int) -> NoReturn:
    # A thread may still wait for a database that does not answer, and nobody for its result.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run(database: DatabaseSettings, http: HttpSettings) -> int:
    try:
        _allow_open_files(http.http_max_connections + OWN_FILES)
        app = create_app(database, http)
    except SettingsError as error:
        for problem in error.problems:
            log.error(problem)
        return UNUSABLE
    try:
        if http.http_metrics_port is not None:
            start_http_server(http.http_metrics_port, http.http_metrics_host)
    except OSError as error:
        address = f"{http.http_metrics_host}:{http.http_metrics_port}"
        log.error(
            "cannot serve metrics",
            address=address,
            reason=error.strerror,
            hint=_hint(error, "FLEETGAUGE_HTTP_METRICS"),
        )
        return FAILED
    try:
        asyncio.run(serve(app, http))
    except OSError as error:
        log.error(
            "cannot listen",
            host=http.http_host,
            port=http.http_port,
            reason=error.strerror,
            hint=_hint(error, "FLEETGAUGE_HTTP"),
        )
        return FAILED
    log.info("stopped")
    return DONE


def _hint(error: OSError, settings: str) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{settings}_HOST takes an address of this machine, or a name of one"
    return f"end what listens there, or set {settings}_PORT"


def _allow_open_files(needed: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and needed > hard:
        raise SettingsError(
            [f"FLEETGAUGE_HTTP_MAX_CONNECTIONS needs {needed} open files, and {hard} are allowed"]
        )
    if soft != resource.RLIM_INFINITY and needed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


async def serve(app: Litestar, http: HttpSettings) -> None:
    """Answers requests until SIGTERM or SIGINT; OSError where the address cannot be had."""
    listener = await asyncio.to_thread(listen, http.http_host, http.http_port)
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, told.set)
    idle_timeout_s = http.http_idle_timeout_ms / 1_000
    server = Server(app, listener, http.http_max_connections, idle_timeout_s)
    async with app.lifespan():
        accepting = asyncio.create_task(server.serve())
        log.info("listening", address=_url(listener))
        await told.wait()
        accepting.cancel()
        await asyncio.wait({accepting})
        try:
            async with asyncio.timeout(http.http_drain_timeout_ms / 1_000):
                await server.drain()
        except TimeoutError:
            log.error("requests were cut off", after_ms=http.http_drain_timeout_ms)
            _end(FAILED)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on the address of a name, IPv4 first; on any free port for 0.

    OSError where the name is unknown or the port is taken.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, *_, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return socket.create_server(address[:2], family=family, backlog=BACKLOG)


def _url(listener: socket.socket) -> str:
    host, port, *_ = listener.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

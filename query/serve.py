"""Runs the application in this process until it is told to end."""

import asyncio
import errno
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NoReturn

import structlog
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server
from litestar import Litestar
from prometheus_client import start_http_server

from query.app import create_app
from schemas.runtime.exits import DONE, FAILED, UNUSABLE
from schemas.settings import DatabaseSettings, HttpSettings, SettingsError

log = structlog.get_logger(__name__)

# A connection that says nothing, or not all of its headers, is ended after this: it takes one of
# the places that there are. Only of HTTP/1 does Granian time the first byte, too.
HEADER_TIMEOUT_MS: Final = 5_000
# Twice what the application takes, so that it is the one to refuse, in a sentence.
MAX_HEAD_BYTES: Final = 32_768
BACKLOG: Final = 1_024
# Besides those of clients: the database's, the log's, the libraries'.
OWN_FILES: Final = 128

# Granian's own lines go where ours go, and only those that matter.
_LOGS: Final[dict[str, Any]] = {"incremental": True, "handlers": {}, "loggers": {"_granian": {}}}


def run(database: DatabaseSettings, http: HttpSettings) -> NoReturn:
    """Serves until SIGTERM or SIGINT, and ends the process.

    With 0 after a clean end, 1 where the address cannot be had or requests had to be cut off, 2
    where the settings cannot be used.
    """
    _end(_run(database, http))


def _end(code: int) -> NoReturn:
    # Granian's threads may still hold objects of the interpreter, and abort the process where it
    # takes itself apart meanwhile.
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
    address, port = await asyncio.to_thread(find_address, http.http_host, http.http_port)
    server = Server(
        app,
        address=address,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=HEADER_TIMEOUT_MS, max_buffer_size=MAX_HEAD_BYTES
        ),
        websockets=False,
        backlog=BACKLOG,
        backpressure=http.http_max_connections,
        log_level=LogLevels.error,
        log_dictconfig=_LOGS,
    )
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, told.set)
    serving = asyncio.create_task(server.serve())
    announcement = asyncio.create_task(_announce(address, port))
    await asyncio.wait(
        {serving, asyncio.create_task(told.wait())}, return_when=asyncio.FIRST_COMPLETED
    )
    announcement.cancel()
    stop: Callable[[], None] = server.stop
    stop()
    await asyncio.wait({serving}, timeout=http.http_drain_timeout_ms / 1_000)
    if not serving.done():
        log.error("requests were cut off", after_ms=http.http_drain_timeout_ms)
        _end(FAILED)
    await serving


async def _announce(host: str, port: int) -> None:
    """Tells the address once connections are accepted there; Granian has no event for it."""
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            break
        await asyncio.sleep(0.02)
    shown = f"[{host}]" if ":" in host else host
    log.info("listening", address=f"http://{shown}:{port}")


def find_address(host: str, port: int) -> tuple[str, int]:
    """The address of a name, IPv4 first, and this port, or any that is free for 0.

    OSError where the name is unknown or the port is taken, which Granian would share or panic at.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, *_, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        return str(address[0]), int(probe.getsockname()[1])

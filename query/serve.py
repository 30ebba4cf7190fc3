"""Runs the application in this process until SIGTERM or SIGINT."""

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

# Closes connections that do not send all headers in time, since each takes one of the limited
# connections. Only with HTTP/1 does Granian include the wait for the first byte.
HEADER_TIMEOUT_MS: Final = 5_000
# Twice the application's limit, so that the application rejects with a sentence.
MAX_HEAD_BYTES: Final = 32_768
BACKLOG: Final = 1_024
# Open files besides client connections: of the database, the log and libraries.
OWN_FILES: Final = 128

# Granian logs to our handlers, and only errors.
_LOGS: Final[dict[str, Any]] = {"incremental": True, "handlers": {}, "loggers": {"_granian": {}}}


def run(database: DatabaseSettings, http: HttpSettings) -> NoReturn:
    """Serves until SIGTERM or SIGINT, then exits the process.

    Status 0 after a clean shutdown, 1 if the address cannot be bound or requests were cut off, 2
    for invalid settings.
    """
    _end(_run(database, http))


def _end(code: int) -> NoReturn:
    # Granian's threads may still hold Python objects, and would abort the process during the
    # interpreter's finalization.
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
    return f"stop the process that uses this port, or set {settings}_PORT"


def _allow_open_files(needed: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and needed > hard:
        raise SettingsError(
            [f"FLEETGAUGE_HTTP_MAX_CONNECTIONS needs {needed} open files, and {hard} are allowed"]
        )
    if soft != resource.RLIM_INFINITY and needed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


async def serve(app: Litestar, http: HttpSettings) -> None:
    """Answers requests until SIGTERM or SIGINT; OSError if the address cannot be bound."""
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
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, stopping.set)
    serving = asyncio.create_task(server.serve())
    announcement = asyncio.create_task(_announce(address, port))
    await asyncio.wait(
        {serving, asyncio.create_task(stopping.wait())}, return_when=asyncio.FIRST_COMPLETED
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
    """Logs the address once it accepts connections; Granian has no event for it."""
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            break
        await asyncio.sleep(0.02)
    shown = f"[{host}]" if ":" in host else host
    log.info("listening", address=f"http://{shown}:{port}")


def find_address(host: str, port: int) -> tuple[str, int]:
    """The address of a host name, IPv4 first, and the port, or a free one for 0.

    OSError if the name is unknown or the port in use, as Granian would share the port or panic.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, *_, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        return str(address[0]), int(probe.getsockname()[1])

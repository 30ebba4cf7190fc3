"""Runs the application in this process until SIGTERM or SIGINT."""

import asyncio
import errno
import logging
import os
import resource
import socket
import sys
from typing import Final, NoReturn

import structlog
import uvicorn
from litestar import Litestar
from prometheus_client import start_http_server

from query.app import create_app
from query.connection import Connection
from query.server import CutOffError, Server
from schemas.runtime.exits import DONE, FAILED, UNUSABLE
from schemas.settings import DatabaseSettings, HttpSettings, SettingsError

log = structlog.get_logger(__name__)

BACKLOG: Final = 1_024
# Open files besides client connections: of the database, the log and libraries.
OWN_FILES: Final = 128


def run(database: DatabaseSettings, http: HttpSettings) -> NoReturn:
    """Serves until SIGTERM or SIGINT, then exits the process.

    Status 0 after a clean shutdown, 1 if the address cannot be bound or requests were cut off, 2
    for invalid settings.
    """
    _end(_run(database, http))


def _end(code: int) -> NoReturn:
    # A thread may still be waiting for a database that does not respond.
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
    """Answers requests until SIGTERM or SIGINT; raises OSError if the address cannot be bound.

    Ends the process if accepted requests take longer than the drain timeout.
    """
    listener = await asyncio.to_thread(listen, http.http_host, http.http_port)
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level=logging.ERROR,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        workers=1,
    )
    server = Server(
        config,
        listener,
        max_connections=http.http_max_connections,
        idle_timeout_s=http.http_idle_timeout_ms / 1_000,
        drain_timeout_s=http.http_drain_timeout_ms / 1_000,
    )
    try:
        await server.serve()
    except CutOffError:
        log.error("requests were cut off", after_ms=http.http_drain_timeout_ms)
        # Not after the event loop, which would wait for them.
        _end(FAILED)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on the address of a host name, IPv4 first, and on any free port for 0.

    Raises OSError if the name is unknown or the port in use.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, *_, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    # `::` also accepts IPv4.
    is_dual = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
    return socket.create_server(address, family=family, backlog=BACKLOG, dualstack_ipv6=is_dual)

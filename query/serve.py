"""Runs the application in this process until it is told to end."""

import asyncio
import signal
import socket
from contextlib import suppress
from typing import Any, Final

import structlog
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from litestar import Litestar

from query.app import create_app
from schemas.settings import DatabaseSettings, HttpSettings, SettingsError

log = structlog.get_logger(__name__)

# Granian's own lines go where ours go, and only those that matter.
_LOGS: Final[dict[str, Any]] = {"incremental": True, "handlers": {}, "loggers": {"_granian": {}}}


def run(database: DatabaseSettings, http: HttpSettings) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code.

    0 after a clean end, 1 where the address cannot be had, 2 where the settings cannot be used.
    """
    try:
        app = create_app(database, http)
    except SettingsError as error:
        for problem in error.problems:
            log.error(problem)
        return 2
    try:
        asyncio.run(_serve(app, http))
    except OSError as error:
        log.error("cannot listen", host=http.http_host, port=http.http_port, reason=str(error))
        return 1
    log.info("stopped")
    return 0


async def _serve(app: Litestar, http: HttpSettings) -> None:
    port = _free_port(http.http_host, http.http_port)
    server = Server(
        app,
        address=http.http_host,
        port=port,
        interface=Interfaces.ASGI,
        websockets=False,
        log_level=LogLevels.error,
        log_dictconfig=_LOGS,
    )
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, server.stop)
    announcement = asyncio.create_task(_announce(http.http_host, port))
    await server.serve()
    announcement.cancel()


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


def _free_port(host: str, port: int) -> int:
    """This port, or any for 0; OSError where it is taken, which Granian would share or panic at."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        return int(probe.getsockname()[1])

"""The service's metrics, and their route on the main port."""

import ipaddress
import time
from functools import lru_cache
from http import HTTPMethod
from typing import Any, Final

from litestar import Response, get
from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.types import HTTPScope
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram
from prometheus_client import generate_latest as written

from query.middleware import PUBLIC

# Paths are labelled by their template: one label per user would grow without bound.
REQUESTS: Final = Counter(
    "fleetgauge_http_requests", "Requests answered.", ["method", "path", "status_code"]
)
SECONDS: Final = Histogram(
    "fleetgauge_http_request_duration_seconds",
    "Seconds from a request's headers to its answer.",
    ["path"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
UNDER_WAY: Final = Gauge("fleetgauge_http_requests_in_progress", "Requests not answered yet.")

# The framework adds the charset to every text.
_MEDIA_TYPE: Final = CONTENT_TYPE_LATEST.replace("; charset=utf-8", "")
_OTHER: Final = "other"
_METHODS: Final = frozenset(HTTPMethod)
_VIA_PROXY: Final = frozenset({b"forwarded", b"x-forwarded-for"})


def measure(scope: HTTPScope, status: int, began: float) -> None:
    """Records an answered request that began at `began` (`time.perf_counter`)."""
    requests, seconds = _meters(scope["method"], scope.get("path_template", _OTHER), status)
    requests.inc()
    seconds.observe(time.perf_counter() - began)


@lru_cache(1_024)
def _meters(method: str, path: str, status: int) -> tuple[Counter, Histogram]:
    # Cached, since looking up labels costs more than counting.
    known = method if method in _METHODS else _OTHER
    return REQUESTS.labels(known, path, str(status)), SECONDS.labels(path)


async def require_loopback(
    connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler
) -> None:
    """Guard: 404 for clients of other machines, including those behind a proxy that says so."""
    client = connection.client
    names = {name for name, _ in connection.scope["headers"]}
    if client is None or not is_loopback(client.host) or names & _VIA_PROXY:
        raise NotFoundException


def is_loopback(host: str) -> bool:
    """Whether an address is loopback, including IPv4 mapped into IPv6."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


@get(
    "/metrics",
    opt=PUBLIC,
    guards=[require_loopback],
    include_in_schema=False,
    sync_to_thread=False,
)
def metrics() -> Response[bytes]:
    """All of this process's metrics in Prometheus' text format."""
    return Response(written(REGISTRY), media_type=_MEDIA_TYPE)

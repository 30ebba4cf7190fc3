"""The service's own metrics, for a Prometheus on the same machine."""

import ipaddress
from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.plugins.prometheus import PrometheusConfig, PrometheusController

from query.auth import PUBLIC

# Paths are told by their template: a label for each user would grow without bound.
MEASURES: Final = PrometheusConfig(
    app_name="fleetgauge-query", prefix="fleetgauge_http", group_path=True
)


async def require_loopback(
    connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler
) -> None:
    """Guard: to clients of other machines there is nothing here."""
    if connection.client is None or not is_loopback(connection.client.host):
        raise NotFoundException


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own; an IPv4 one may come mapped into IPv6."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


class Monitoring(PrometheusController):
    """`GET /metrics` in Prometheus' text format."""

    guards = (require_loopback,)
    opt = PUBLIC
    include_in_schema = False

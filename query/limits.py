"""The outermost layer of the application: request limits, response headers, metrics."""

import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final, cast

import msgspec
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from query.methods import METHODS, as_get, without_body
from query.monitoring import UNDER_WAY, measure
from schemas.responses import Error

MAX_TARGET_BYTES: Final = 6_144
MAX_HEADERS: Final = 64
MAX_HEADER_BYTES: Final = 16_384

POLICY: Final = b"content-security-policy"
# Answers are data: if a browser renders one as a page, nothing in it runs or loads.
_STRICTEST: Final = (POLICY, b"default-src 'none'; frame-ancestors 'none'")
HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_UNKEPT: Final = (b"cache-control", b"no-store")
_ALLOW: Final = (b"allow", METHODS.encode())


def _refusal(status: HTTPStatus, sentence: str) -> ASGIResponse:
    return ASGIResponse(body=msgspec.json.encode(Error(error=sentence)), status_code=status)


_HOST: Final = _refusal(HTTPStatus.BAD_REQUEST, "A request needs exactly one Host header.")
_BODY: Final = _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Requests must not have a body.")
_TARGET: Final = _refusal(
    HTTPStatus.REQUEST_URI_TOO_LONG,
    f"Path and query may have at most {MAX_TARGET_BYTES} characters.",
)
_HEADERS: Final = _refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    f"Headers may have at most {MAX_HEADERS} lines and {MAX_HEADER_BYTES} bytes.",
)


class RequestLimits:
    """Wraps the whole application, so that unrouted requests are limited and measured too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._under_way = 0
        UNDER_WAY.set_function(lambda: self._under_way)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Rejects malformed and too large requests (400, 413, 414, 431); passes on the rest."""
        began = time.perf_counter()
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR

        async def send_completed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _completed(message["headers"])
            await send(message)

        sending = without_body(send_completed) if scope.get("method") == "HEAD" else send_completed
        self._under_way += 1
        try:
            await (_refused(scope) or self._app)(as_get(scope), receive, sending)
        finally:
            self._under_way -= 1
            measure(cast(HTTPScope, scope), status, began)


def _completed(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of an answer plus the common ones; a page's own policy takes precedence."""
    # The router lists only methods with a handler, and HEAD has no separate handler.
    own = [_ALLOW if name == b"allow" else (name, value) for name, value in headers]
    if any(name == POLICY for name, _ in own):
        return [*own, *HEADERS]
    return [*own, _STRICTEST, _UNKEPT, *HEADERS]


def announces_body(name: bytes, value: bytes) -> bool:
    """Whether a request with this header has a body."""
    return (name == b"content-length" and value != b"0") or name == b"transfer-encoding"


def _refused(scope: Scope) -> ASGIResponse | None:
    if len(scope["path"]) + len(scope["query_string"]) > MAX_TARGET_BYTES:
        return _TARGET
    lines, size = 0, 0
    hosts: list[bytes] = []
    for name, value in scope["headers"]:
        lines += 1
        size += len(name) + len(value)
        if announces_body(name, value):
            return _BODY
        if name == b"host":
            hosts.append(value)
    is_named_once = len(hosts) == 1 and bool(hosts[0])
    is_from_before_host = not hosts and scope["http_version"] == "1.0"
    if not (is_named_once or is_from_before_host):
        return _HOST
    return _HEADERS if size > MAX_HEADER_BYTES or lines > MAX_HEADERS else None

"""The methods of every path: GET, HEAD as GET without a body, and OPTIONS."""

from typing import Final, cast

from litestar.types import HTTPScope, Message, Scope, Send

METHODS: Final = "GET, HEAD, OPTIONS"


def as_get(scope: Scope) -> Scope:
    """Turns a HEAD request into GET; returns other requests unchanged."""
    if scope.get("method") != "HEAD":
        return scope
    return cast(HTTPScope, {**scope, "method": "GET"})


def without_body(send: Send) -> Send:
    """Sends status and headers, including `content-length`, but no body."""

    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head

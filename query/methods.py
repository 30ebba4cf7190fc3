"""The methods that every path takes: GET, HEAD as GET without a body, and OPTIONS."""

from typing import Final, cast

from litestar.types import HTTPScope, Message, Scope, Send

METHODS: Final = "GET, HEAD, OPTIONS"


def as_get(scope: Scope) -> Scope:
    """A HEAD request as the GET request that it asks about; any other request as it is."""
    if scope.get("method") != "HEAD":
        return scope
    return cast(HTTPScope, {**scope, "method": "GET"})


def without_body(send: Send) -> Send:
    """Sends an answer's status and headers, `content-length` among them, and no body."""

    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head

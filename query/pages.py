"""The pages that people open, and the documents that describe the service and its topics."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from litestar import MediaType, Response, get
from litestar.enums import OpenAPIMediaType
from litestar.handlers import HTTPRouteHandler

from query.gate import PUBLIC
from schemas.asyncapi import asyncapi

FOLDER: Final = Path(__file__).parent / "pages"
# Everything a page needs comes from this service, and nothing runs that is not in its files.
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}


def pages(document: bytes) -> Sequence[HTTPRouteHandler]:
    """`/docs` with its script and style, the document that it shows, and that of the topics."""
    return [
        _static("/docs", (FOLDER / "docs.html").read_bytes(), MediaType.HTML),
        _static("/docs.js", (FOLDER / "docs.js").read_bytes(), "text/javascript"),
        _static("/docs.css", (FOLDER / "docs.css").read_bytes(), MediaType.CSS),
        _static("/openapi.json", document, OpenAPIMediaType.OPENAPI_JSON),
        _static("/asyncapi.json", msgspec.json.encode(asyncapi()), "application/asyncapi+json"),
    ]


def _static(path: str, content: bytes, media_type: str) -> HTTPRouteHandler:
    @get(path, opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
    def page() -> Response[bytes]:
        return Response(content, media_type=media_type, headers=HEADERS)

    return page

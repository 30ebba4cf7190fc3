"""The pages that people open, and the documents that describe the service and its topics."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.enums import OpenAPIMediaType
from litestar.handlers import HTTPRouteHandler
from litestar.status_codes import HTTP_304_NOT_MODIFIED

from query.errors import ANY_QUERY
from query.gate import PUBLIC
from schemas.asyncapi import asyncapi

FOLDER: Final = Path(__file__).parent / "pages"
KINDS: Final = {
    ".html": MediaType.HTML,
    ".css": MediaType.CSS,
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
# Everything a page needs comes from this service, and nothing runs that is not in its files. They
# may be kept, but are asked for each time: after an update, no file meets one of another version.
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-cache",
}


def pages(document: bytes) -> Sequence[HTTPRouteHandler]:
    """`/`, `/docs`, the files that they name, and the documents of service and topics."""
    files = sorted(file for file in FOLDER.rglob("*") if file.suffix in KINDS)
    return [
        *(_static(_path(file), file.read_bytes(), KINDS[file.suffix]) for file in files),
        _static("/openapi.json", document, OpenAPIMediaType.OPENAPI_JSON),
        _static("/asyncapi.json", msgspec.json.encode(asyncapi()), "application/asyncapi+json"),
    ]


def _path(file: Path) -> str:
    """A page has no suffix in its address, and the index no name."""
    path = file.relative_to(FOLDER).as_posix()
    return f"/{path.removesuffix('.html').removesuffix('index')}"


def _static(path: str, content: bytes, media_type: str) -> HTTPRouteHandler:
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {**HEADERS, "etag": tag}

    @get(path, opt={**PUBLIC, **ANY_QUERY}, include_in_schema=False, sync_to_thread=False)
    def page(request: Request[Any, Any, Any]) -> Response[bytes]:
        if tag in request.headers.get("if-none-match", ""):
            return Response(b"", status_code=HTTP_304_NOT_MODIFIED, headers=headers)
        return Response(content, media_type=media_type, headers=headers)

    return page

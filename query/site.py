"""The web pages, and the documents that describe the service and its topics."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.enums import OpenAPIMediaType
from litestar.handlers import HTTPRouteHandler
from litestar.status_codes import HTTP_308_PERMANENT_REDIRECT

from query.errors import ANY_QUERY
from query.files import StaticFile, digest
from query.middleware import PUBLIC
from schemas.asyncapi import asyncapi

FOLDER: Final = Path(__file__).parent / "pages"
KINDS: Final = {
    ".html": MediaType.HTML,
    ".css": MediaType.CSS,
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
# Pages load everything from this service, and run no inline code.
_POLICY: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}
# Cached, but revalidated each time: after an update, pages and files always match.
HEADERS: Final = {**_POLICY, "cache-control": "no-cache"}
# For paths that contain the content's hash.
KEPT: Final = {**_POLICY, "cache-control": "public, max-age=31536000, immutable"}
_REFERENCE: Final = re.compile(rb'(\b(?:href|src)=")([^"]+)')


def pages(document: bytes) -> Sequence[HTTPRouteHandler]:
    """The routes of `/`, `/docs`, their files, and the OpenAPI and AsyncAPI documents."""
    files = {
        file.relative_to(FOLDER).as_posix(): file.read_bytes()
        for file in sorted(FOLDER.rglob("*"))
        if file.suffix in KINDS
    }
    return [
        *_static_files(files),
        _route("/openapi.json", StaticFile(document, OpenAPIMediaType.OPENAPI_JSON, HEADERS)),
        _route(
            "/asyncapi.json",
            StaticFile(msgspec.json.encode(asyncapi()), "application/asyncapi+json", HEADERS),
        ),
    ]


def _static_files(files: Mapping[str, bytes]) -> Iterator[HTTPRouteHandler]:
    """Each file by its name, and assets also in a folder named by the hash of their content.

    Modules import each other by relative names, so all of them share one folder.
    """
    assets = {name: content for name, content in files.items() if not name.endswith(".html")}
    folder = f"static/{digest(b''.join(assets.values()))}"
    for name, content in files.items():
        kind = KINDS[Path(name).suffix]
        if name in assets:
            yield _route(f"/{name}", StaticFile(content, kind, HEADERS))
            yield _route(f"/{folder}/{name}", StaticFile(content, kind, KEPT))
        else:
            page = _with_folder(content, folder, assets)
            yield _route(_page_path(name), StaticFile(page, kind, HEADERS))


def _with_folder(page: bytes, folder: str, assets: Mapping[str, bytes]) -> bytes:
    """The page with its references changed to the folder."""

    def lead(found: re.Match[bytes]) -> bytes:
        name = found[2].decode()
        return found[1] + f"{folder}/{name}".encode() if name in assets else found[0]

    return _REFERENCE.sub(lead, page)


def _page_path(name: str) -> str:
    """The path of a page: without its suffix, and `/` for the index."""
    return f"/{name.removesuffix('.html').removesuffix('index')}"


def _route(path: str, file: StaticFile) -> HTTPRouteHandler:
    @get(path, opt={**PUBLIC, **ANY_QUERY}, include_in_schema=False, sync_to_thread=False)
    def page(request: Request[Any, Any, Any]) -> Response[bytes]:
        # The router ignores a trailing slash, but relative references would break.
        if path != "/" and request.scope["raw_path"].partition(b"?")[0].endswith(b"/"):
            headers = {"location": f"../{path.rpartition('/')[2]}"}
            return Response(b"", status_code=HTTP_308_PERMANENT_REDIRECT, headers=headers)
        return file.answer(request)

    return page

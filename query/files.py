"""Static files with ETags, and gzip for clients that accept it."""

import gzip
from hashlib import sha256
from typing import Any, Final

from litestar import MediaType, Request, Response
from litestar.enums import OpenAPIMediaType
from litestar.status_codes import HTTP_304_NOT_MODIFIED

Type = MediaType | OpenAPIMediaType | str

_GZIP: Final = frozenset({"gzip", "x-gzip"})


class StaticFile:
    """A file with the headers of its responses."""

    def __init__(self, content: bytes, media_type: Type, headers: dict[str, str]) -> None:
        self._media_type = media_type
        self._plain = _Encoded(content, {**headers, "vary": "accept-encoding"})
        compressed = gzip.compress(content, mtime=0)
        self._gzip = _Encoded(compressed, {**self._plain.headers, "content-encoding": "gzip"})

    def answer(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        """The file, or 304 if the client has it already."""
        encoded = self._gzip if accepts_gzip(request.headers.get("accept-encoding", "")) else None
        sent = encoded or self._plain
        if sent.tag in request.headers.get("if-none-match", ""):
            return Response(b"", status_code=HTTP_304_NOT_MODIFIED, headers=sent.headers)
        return Response(sent.content, media_type=self._media_type, headers=sent.headers)


class _Encoded:
    """Encoded bytes and their ETag, which must differ between encodings."""

    def __init__(self, content: bytes, headers: dict[str, str]) -> None:
        self.content = content
        self.tag = f'"{digest(content)}"'
        self.headers = {**headers, "etag": self.tag}


def digest(content: bytes) -> str:
    """A short hash of the bytes."""
    return sha256(content).hexdigest()[:32]


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the header Accept-Encoding names gzip with a weight above 0."""
    for one in accept_encoding.lower().split(","):
        coding, *parameters = (part.strip() for part in one.split(";"))
        if coding in _GZIP:
            return not any(_is_zero(parameter) for parameter in parameters)
    return False


def _is_zero(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and not value.strip().strip("0.")

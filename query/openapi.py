"""The OpenAPI document of the service, and the parts that its routes share."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    Components,
    OpenAPI,
    OpenAPIHeader,
    OpenAPIResponse,
    OpenAPIType,
    Schema,
    SecurityScheme,
    Server,
)
from litestar.params import PathParameter

from query.errors import PARAMETER_HELP
from schemas.events import ID_PATTERN
from schemas.portable import portable
from schemas.responses import Error

UserId = Annotated[
    str,
    PathParameter(
        name="userId",
        min_length=1,
        max_length=128,
        pattern=ID_PATTERN,
        description=PARAMETER_HELP["userId"],
    ),
]
AgentId = Annotated[
    str,
    PathParameter(
        name="agentId",
        min_length=1,
        max_length=128,
        pattern=ID_PATTERN,
        description=PARAMETER_HELP["agentId"],
    ),
]


def error_response(description: str) -> ResponseSpec:
    """An error response; its body is one sentence."""
    return ResponseSpec(Error, description=description, generate_examples=False)


_REFUSALS: Final = {
    400: error_response("Invalid parameter"),
    401: error_response("Missing or invalid token"),
    403: error_response("The token may not read this data"),
    413: error_response("Requests must not have a body"),
    414: error_response("Path or query too long"),
    429: error_response("Too many requests of this user; Retry-After says when to retry"),
    431: error_response("Headers too many or too large"),
}

_RETRY_AFTER: Final = OpenAPIHeader(
    schema=Schema(type=OpenAPIType.INTEGER, minimum=1),
    description="Seconds until the next request is accepted",
    required=True,
)


def answers(failure: str) -> dict[int, ResponseSpec]:
    """The error responses of an endpoint that needs a token; `failure` is its sentence."""
    overloaded = f"{failure}: overloaded; Retry-After says when to retry"
    return {**_REFUSALS, 500: error_response(failure), 503: error_response(overloaded)}


def document(routes: Sequence[HTTPRouteHandler]) -> bytes:
    """The OpenAPI document of these routes, as JSON."""
    config = OpenAPIConfig(
        title="Fleetgauge",
        version="1",
        description="Metrics of fleets of software agents.",
        use_handler_docstrings=True,
        # Relative to the document, so that it is also correct behind a proxy's prefix.
        servers=[Server(url=".")],
        security=[{"token": []}],
        components=Components(
            security_schemes={
                "token": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")
            }
        ),
    )
    described = Litestar(routes, openapi_config=config, logging_config=None).openapi_schema
    _add_retry_after(described)
    schema = portable(described.to_schema())
    for item in schema["paths"].values():
        for parameter in item["get"].get("parameters", []):
            parameter["schema"] = _without_null(parameter["schema"])
    return msgspec.json.encode(schema)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter without null, which only means that it is absent."""
    kept = {name: value for name, value in schema.items() if name not in {"oneOf", "type", "enum"}}
    for one in schema.get("oneOf", []):
        if one != {"type": "null"}:
            kept |= one
    if "enum" in schema:
        kept["enum"] = [value for value in schema["enum"] if value is not None]
    if "type" in schema:
        types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        (kept["type"],) = [one for one in types if one != "null"]
    return kept


def _add_retry_after(described: OpenAPI) -> None:
    """Adds the header to 429 and 503, since a route can only declare a response's body."""
    operations = [item.get for item in (described.paths or {}).values() if item.get]
    for answers_of in (operation.responses or {} for operation in operations):
        # Rate-limited routes can also be overloaded.
        for status in ("429", "503") if "429" in answers_of else ():
            response = answers_of[status]
            if isinstance(response, OpenAPIResponse):
                response.headers = {"Retry-After": _RETRY_AFTER}

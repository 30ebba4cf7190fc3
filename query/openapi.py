"""The description of the service that tools read, and what its routes share in it."""

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


def told(description: str) -> ResponseSpec:
    """A further answer whose body is the sentence on what was wrong."""
    return ResponseSpec(Error, description=description, generate_examples=False)


_REFUSALS: Final = {
    400: told("A parameter is wrong"),
    401: told("No token or a bad one"),
    403: told("Somebody else's data"),
    413: told("A body, which no request has"),
    414: told("The path or the query is too long"),
    429: told("The user asks too often; Retry-After says when to go on"),
    431: told("Too many headers, or too long ones"),
}

_RETRY_AFTER: Final = OpenAPIHeader(
    schema=Schema(type=OpenAPIType.INTEGER, minimum=1),
    description="Seconds until the next request is taken",
    required=True,
)


def answers(failure: str) -> dict[int, ResponseSpec]:
    """What a guarded endpoint answers but its data; `failure` is its own sentence."""
    overloaded = f"{failure}: too much is asked; Retry-After says when to go on"
    return {**_REFUSALS, 500: told(failure), 503: told(overloaded)}


def document(routes: Sequence[HTTPRouteHandler]) -> bytes:
    """The OpenAPI document of these routes, as JSON."""
    config = OpenAPIConfig(
        title="Fleetgauge",
        version="1",
        description="How fleets of software agents are doing.",
        use_handler_docstrings=True,
        # Where the document is, so that it is right behind a proxy's prefix, too.
        servers=[Server(url=".")],
        security=[{"token": []}],
        components=Components(
            security_schemes={
                "token": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")
            }
        ),
    )
    described = Litestar(routes, openapi_config=config, logging_config=None).openapi_schema
    _tell_waits(described)
    schema = portable(described.to_schema())
    for item in schema["paths"].values():
        for parameter in item["get"].get("parameters", []):
            parameter["schema"] = _without_null(parameter["schema"])
    return msgspec.json.encode(schema)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """What a parameter takes where it is given: None in Python means that it is absent."""
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


def _tell_waits(described: OpenAPI) -> None:
    """Of a further answer a route can tell the body only, not the headers."""
    operations = [item.get for item in (described.paths or {}).values() if item.get]
    for answers_of in (operation.responses or {} for operation in operations):
        # What is limited is put off as well.
        for status in ("429", "503") if "429" in answers_of else ():
            response = answers_of[status]
            if isinstance(response, OpenAPIResponse):
                response.headers = {"Retry-After": _RETRY_AFTER}

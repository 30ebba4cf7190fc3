"""The description of the service that tools read, and what its routes share in it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import msgspec
from litestar import Litestar
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Components, SecurityScheme
from litestar.params import PathParameter

from query.errors import TAKES
from schemas.responses import Error

UserId = Annotated[
    str,
    PathParameter(
        name="userId",
        min_length=1,
        max_length=128,
        # As in schemas.events.Id; `$` alone also matches before a final newline.
        pattern=r"^[A-Za-z0-9._~:@-]+$(?!\n)",
        description=TAKES["userId"],
    ),
]
REFUSALS: Final = {
    400: ResponseSpec(Error, description="A parameter is wrong", generate_examples=False),
    401: ResponseSpec(Error, description="No token or a bad one", generate_examples=False),
    403: ResponseSpec(Error, description="Somebody else's data", generate_examples=False),
}


def document(routes: Sequence[HTTPRouteHandler], dependencies: Mapping[str, Provide]) -> bytes:
    """The OpenAPI document of these routes, as JSON; the dependencies tell what is no parameter."""
    config = OpenAPIConfig(
        title="Fleetgauge",
        version="1",
        description="How fleets of software agents are doing.",
        use_handler_docstrings=True,
        security=[{"token": []}],
        components=Components(
            security_schemes={
                "token": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")
            }
        ),
    )
    described = Litestar(
        list(routes), dependencies=dict(dependencies), openapi_config=config, logging_config=None
    )
    return msgspec.json.encode(described.openapi_schema.to_schema())

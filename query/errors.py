"""All error responses: one sentence in the contract's body, without internal details."""

import re
from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final, get_args

import structlog
from litestar import Request, Response
from litestar.exceptions import (
    ClientException,
    HTTPException,
    NotFoundException,
    ValidationException,
)
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter

from query.database import Overloaded
from query.methods import METHODS
from schemas.agents import AgentSort, AgentState, Order, Window
from schemas.events import ID_TAKES
from schemas.history import HourStep, Range, Step
from schemas.responses import Error
from schemas.timeline import Kind
from schemas.users import UserSort

log = structlog.get_logger(__name__)

RETRY_AFTER_S: Final = 1


def one_of(literal: Any) -> str:
    """The words of a Literal, as in `one of 24h, 7d and 30d`."""
    *words, last = get_args(literal)
    return f"one of {', '.join(words)} and {last}"


PARAMETER_HELP: Final = {
    "range": f"range takes {one_of(Range)}, once.",
    "userId": f"userId takes {ID_TAKES}, in the path.",
    "from": "from takes an RFC 3339 time such as 2026-03-10T14:00:00Z (a + is %2B in a URL), once.",
    "to": "to takes an RFC 3339 time such as 2026-03-10T14:00:00Z (a + is %2B in a URL), once.",
    "step": f"step takes {one_of(Step)}, once.",
    "hourStep": f"step takes {one_of(HourStep)}, once.",
    "tz": "tz takes an IANA time zone name such as Europe/Berlin, spelled exactly, once.",
    "cursor": "cursor takes the field next of an answer to the same query, less than an hour old, "
    "once; without it the list starts at the beginning.",
    "agentId": f"agentId takes {ID_TAKES}, in the path.",
    "state": f"state takes {one_of(AgentState)}, once; without it all but removed agents are "
    "listed.",
    "search": "search takes a prefix of ids, at most 128 characters, once.",
    "window": f"window takes {one_of(Window)}, once.",
    "agentSort": f"sort takes {one_of(AgentSort)}, once.",
    "userSort": f"sort takes {one_of(UserSort)}, once.",
    "order": f"order takes {one_of(Order)}, once; without it the worst come first.",
    "agent": f"agent takes {ID_TAKES}, once.",
    "kind": f"kind takes {one_of(Kind)}, once; without it both are listed.",
    "limit": "limit takes a whole number from 1 to 500, once.",
}
# The framework reports a parameter by its Python name.
_NAMES: Final = {
    "time_range": "range",
    "user_id": "userId",
    "agent_id": "agentId",
    "start": "from",
    "stop": "to",
    "hour_step": "hourStep",
    "agent_state": "state",
    "agent_sort": "agentSort",
    "user_sort": "userSort",
}
_SENTENCES: Final = {
    400: "The request is malformed.",
    401: "This needs a valid token in the header Authorization: Bearer <JWT>.",
    403: "This token may not read that.",
    404: "This path does not exist.",
    429: "Too many requests of this token's user: wait as long as Retry-After says.",
}
_UNNAMED_FAILURE: Final = "Failed to answer"
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_ANY_QUERY: Final = "any_query"
# Marks a route that ignores its query string, such as a page.
ANY_QUERY: Final = {_ANY_QUERY: True}


class Unusable(ClientException):
    """An invalid combination of parameters; the detail is the answer's sentence."""


class UnknownParameter(Unusable):
    """A query parameter that the path does not have; the detail is the answer's sentence."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        takes = ", ".join(known) or "none"
        # Only plausible names are echoed: other text could be an injection.
        shown = name if _NAME.fullmatch(name) else "A parameter"
        super().__init__(f"{shown} is unknown: the query parameters of this path: {takes}.")


class UnknownAgent(NotFoundException):
    """This user has no agent with that id."""

    def __init__(self) -> None:
        super().__init__(self.__doc__ or "")


def failure(sentence: str) -> dict[str, str]:
    """Route option: the sentence of its failures."""
    return {"failure": sentence}


async def check_parameters(request: Request[Any, Any, Any]) -> None:
    """Before each handler: rejects unknown and repeated parameters, and null for an enum value.

    The framework would silently ignore a misspelt parameter, and reads `null` for an enum as None.
    Clients disagree on which of two values counts. Raises UnknownParameter or ValidationException
    (400).
    """
    handler = request.scope["route_handler"]
    if not request.scope["query_string"] or request.method == "OPTIONS":
        return
    if handler.opt.get(_ANY_QUERY):
        return
    known = _query_names(handler)
    for name in request.query_params:
        if name not in known:
            raise UnknownParameter(name, list(known))
        values = request.query_params.getall(name)
        if len(values) > 1 or (values[0].lower() == "null" and name in _words(handler)):
            raise ValidationException(extra=[{"key": known[name]}])


@lru_cache(1_024)
def _query_names(handler: BaseRouteHandler) -> dict[str, str]:
    """The query parameters of a handler: Python names by URL names."""
    found = handler.parsed_fn_signature.parameters.values()
    return {
        definition.name or parameter.name: parameter.name
        for parameter in found
        if isinstance(definition := parameter.kwarg_definition, QueryParameter)
    }


@lru_cache(1_024)
def _words(handler: BaseRouteHandler) -> frozenset[str]:
    """The query parameters of a handler that are enums."""
    return frozenset(
        definition.name or parameter.name
        for parameter in handler.parsed_fn_signature.parameters.values()
        if isinstance(definition := parameter.kwarg_definition, QueryParameter)
        and any(one.is_literal for one in (parameter, *parameter.inner_types))
    )


def handle_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Error]:
    """The answer to an invalid request."""
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return handle_error(request, error)
    headers = {
        name: value
        for name, value in (error.headers or {}).items()
        if name.lower() in {"allow", "retry-after", "www-authenticate"}
    }
    return Response(Error(error=_sentence(error)), status_code=error.status_code, headers=headers)


def handle_overload(request: Request[Any, Any, Any], _: Overloaded) -> Response[Error]:
    """The answer while the service is overloaded."""
    headers = {"retry-after": str(RETRY_AFTER_S)}
    status = HTTPStatus.SERVICE_UNAVAILABLE
    return Response(Error(error=_failure_of(request)), status_code=status, headers=headers)


def handle_error(request: Request[Any, Any, Any], error: Exception) -> Response[Error]:
    """The answer to an internal error; only the log has the reason."""
    sentence = _failure_of(request)
    reason = str(error).partition("\n")[0]
    log.error(sentence, path=request.scope["path"], error=type(error).__name__, reason=reason)
    return Response(Error(error=sentence), status_code=HTTPStatus.INTERNAL_SERVER_ERROR)


def _failure_of(request: Request[Any, Any, Any]) -> str:
    handler = request.scope.get("route_handler")
    return str(handler.opt.get("failure", _UNNAMED_FAILURE)) if handler else _UNNAMED_FAILURE


def _sentence(error: HTTPException) -> str:
    if isinstance(error, ValidationException):
        return _parameter_sentence(error)
    if isinstance(error, Unusable | UnknownAgent):
        return error.detail
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"This path takes {METHODS} only."
    known = HTTPStatus(error.status_code)
    return _SENTENCES.get(error.status_code, f"{known.phrase}.")


def _parameter_sentence(error: ValidationException) -> str:
    problems = error.extra if isinstance(error.extra, list) else []
    keys = [str(problem.get("key")) for problem in problems]
    names = [_NAMES.get(key, key) for key in keys]
    known = [PARAMETER_HELP[name] for name in names if name in PARAMETER_HELP]
    # An unknown name came from the request: it is not echoed.
    return known[0] if known else "Each parameter may be given once."

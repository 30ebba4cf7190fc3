"""Every refusal and failure as the contract's body: one sentence, and nothing of the inside."""

from http import HTTPStatus
from typing import Any, Final

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from query.database import Overloaded
from schemas.events import ID_TAKES
from schemas.responses import Error

log = structlog.get_logger(__name__)

RETRY_AFTER_S: Final = 1
TAKES: Final = {
    "range": "range takes one of 24h, 7d and 30d, once.",
    "userId": f"userId takes {ID_TAKES}, in the path.",
}
# The framework tells a parameter by its name in Python.
_NAMES: Final = {"time_range": "range", "user_id": "userId"}
_SENTENCES: Final = {
    400: "The request is malformed.",
    401: "This needs a valid token in the header Authorization: Bearer <JWT>.",
    403: "This token may not read that.",
    404: "There is nothing at this path.",
    429: "This token's user asks too often: wait as long as Retry-After says.",
}
_UNNAMED_FAILURE: Final = "Failed to answer"


def failure(sentence: str) -> dict[str, str]:
    """The mark of a route: what it says when it fails."""
    return {"failure": sentence}


async def require_single_parameters(request: Request[Any, Any, Any]) -> None:
    """Before a handler: a parameter given twice is refused, for readers disagree on which counts.

    Raises ValidationException (400).
    """
    if b"&" not in request.scope["query_string"]:
        return
    for name in request.query_params:
        if len(request.query_params.getall(name)) > 1:
            raise ValidationException(extra=[{"key": name}])


def refuse(request: Request[Any, Any, Any], error: HTTPException) -> Response[Error]:
    """The answer to a request that is at fault."""
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return fail(request, error)
    headers = {
        name: value
        for name, value in (error.headers or {}).items()
        if name.lower() in {"allow", "retry-after", "www-authenticate"}
    }
    return Response(Error(error=_sentence(error)), status_code=error.status_code, headers=headers)


def put_off(request: Request[Any, Any, Any], _: Overloaded) -> Response[Error]:
    """The answer where more is asked than can be answered now."""
    headers = {"retry-after": str(RETRY_AFTER_S)}
    status = HTTPStatus.SERVICE_UNAVAILABLE
    return Response(Error(error=_failure_of(request)), status_code=status, headers=headers)


def fail(request: Request[Any, Any, Any], error: Exception) -> Response[Error]:
    """The answer where the service itself is at fault; why is for the log only."""
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
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"This path takes {(error.headers or {}).get('allow', 'GET')} only."
    known = HTTPStatus(error.status_code)
    return _SENTENCES.get(error.status_code, f"{known.phrase}.")


def _parameter_sentence(error: ValidationException) -> str:
    problems = error.extra if isinstance(error.extra, list) else []
    keys = [str(problem.get("key")) for problem in problems]
    names = [_NAMES.get(key, key) for key in keys]
    known = [TAKES[name] for name in names if name in TAKES]
    # A name that is not ours came from the request: it is not repeated.
    return known[0] if known else "Each parameter may be given once."

"""Authorisation and rate limiting of all routes, from the token alone."""

from collections.abc import Sequence
from typing import Any, Final

from litestar.exceptions import (
    NotAuthorizedException,
    PermissionDeniedException,
    TooManyRequestsException,
)
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from query.auth import Claims, Verifier
from query.rate import RateLimit

USER_PARAMETER: Final = "userId"
# Routes need a token unless they have this option.
_PUBLIC: Final = "public"
PUBLIC: Final = {_PUBLIC: True}

_CHALLENGE: Final = {"www-authenticate": "Bearer"}


def public_paths(routes: Sequence[HTTPRouteHandler]) -> frozenset[str]:
    """The paths of the routes with the option PUBLIC."""
    return frozenset(path for route in routes if route.opt.get(_PUBLIC) for path in route.paths)


class AuthMiddleware:
    """Runs before every route of the application, after the path has been parsed.

    `public` paths need no token, for any method.
    """

    def __init__(
        self,
        app: ASGIApp,
        public: frozenset[str],
        verifier: Verifier,
        limit: RateLimit | None,
    ) -> None:
        self._app = app
        self._public = public
        self._verifier = verifier
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes requests of public routes, of a user's own routes and with platform tokens.

        Raises NotAuthorizedException (401), PermissionDeniedException (403), or
        TooManyRequestsException (429).
        """
        if scope["path_template"] not in self._public:
            self._admit(self._claims(scope), scope["path_params"])
        await self._app(scope, receive, send)

    def _admit(self, claims: Claims, path_params: dict[str, Any]) -> None:
        wait_s = self._limit.wait_s((claims.is_platform, claims.sub)) if self._limit else 0
        if wait_s:
            raise TooManyRequestsException(headers={"retry-after": str(wait_s)})
        # The handler gets the same parsed value, so no spelling of the path bypasses this check.
        # A route without a user needs a platform token.
        if not claims.is_platform and path_params.get(USER_PARAMETER) != claims.sub:
            raise PermissionDeniedException("the token's scope does not cover this path")

    def _claims(self, scope: Scope) -> Claims:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        if scheme.lower() != b"bearer":
            raise NotAuthorizedException("no token", headers=_CHALLENGE)
        try:
            return self._verifier.claims(token.strip())
        except ValueError as error:
            raise NotAuthorizedException("bad token", headers=_CHALLENGE) from error

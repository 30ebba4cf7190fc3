"""Verifies tokens and their claims, without the database."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Final

import jwt
import msgspec

from query.clock import Clock
from query.jwt_keys import Key, algorithm_of

AUDIENCE: Final = "fleetgauge"
# Bounds of the token cache; a longer token is verified each time.
MAX_KEPT: Final = 2_048
MAX_KEPT_BYTES: Final = 2_048
# Our words in `scope`; others belong to other services.
USER: Final = "user"
PLATFORM: Final = "platform"
# Tolerance for the start of a token, as its issuer's clock may be ahead.
LEEWAY_S: Final = 30
# The end of the year 9999: most libraries cannot represent a later `exp`.
MAX_TIME_S: Final = 253_402_300_799


class Claims(msgspec.Struct, frozen=True):
    """The claims that are used; times are seconds since the Unix epoch.

    `scope` is one or more words separated by spaces (RFC 8693).
    """

    sub: Annotated[str, msgspec.Meta(min_length=1)]
    aud: str | list[str]
    exp: Annotated[float, msgspec.Meta(le=MAX_TIME_S)]
    scope: str
    nbf: float = 0
    iat: float | None = None

    @property
    def is_platform(self) -> bool:
        """Whether the token reads all data."""
        return PLATFORM in self.scope.split(" ")


class Verifier:
    """Verifies tokens with these keys, each of which fixes its algorithm.

    Claims of tokens with a valid signature are cached and evicted in order of insertion; their
    times are checked on each call. Invalid tokens are not cached, so they evict nothing. A token
    with a lifetime above `max_ttl_s`, from `iat` or else from now, is rejected.
    """

    def __init__(self, keys: Sequence[Key], clock: Clock, max_ttl_s: int | None = None) -> None:
        self._checks = [(key, algorithm_of(key)) for key in keys]
        self._jws = jwt.PyJWS(algorithms=[algorithm for _, algorithm in self._checks])
        self._clock = clock
        self._max_ttl_s = max_ttl_s
        self._trusted: dict[bytes, Claims] = {}

    def claims(self, token: bytes) -> Claims:
        """The claims of a valid token.

        Raises ValueError if signature, format, audience or time are invalid.
        """
        claims = self._trusted.get(token)
        if claims is None:
            claims = self._decoded(token)
            self._keep(token, claims)
        now_s = self._clock().timestamp()
        if not max(claims.nbf, claims.iat or 0) - LEEWAY_S <= now_s < claims.exp:
            raise ValueError("the token is expired or not valid yet")
        # Without `iat` the issuer's clock may be ahead of ours.
        began_s = now_s + LEEWAY_S if claims.iat is None else claims.iat
        if self._max_ttl_s is not None and claims.exp - began_s > self._max_ttl_s:
            raise ValueError("the token's lifetime is too long")
        return claims

    def _decoded(self, token: bytes) -> Claims:
        try:
            claims = msgspec.json.decode(self._payload(token), type=Claims)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ValueError("the token is invalid") from error
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if AUDIENCE not in audiences:
            raise ValueError("the token has another audience")
        if not {USER, PLATFORM} & set(claims.scope.split(" ")):
            raise ValueError("the token has no scope of this service")
        return claims

    def _payload(self, token: bytes) -> bytes:
        for key, algorithm in self._checks:
            with suppress(jwt.PyJWTError):
                payload: bytes = self._jws.decode(token, key, algorithms=[algorithm])
                return payload
        raise ValueError("no key matches the signature")

    def _keep(self, token: bytes, claims: Claims) -> None:
        if len(token) > MAX_KEPT_BYTES:
            return
        self._trusted[token] = claims
        if len(self._trusted) > MAX_KEPT:
            del self._trusted[next(iter(self._trusted))]

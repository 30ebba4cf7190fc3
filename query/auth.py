"""The claims of a token, and whether they hold now; no database is asked."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Final

import jwt
import msgspec

from query.clock import Clock
from query.jwt_keys import Key, algorithm_of

AUDIENCE: Final = "fleetgauge"
# Bound the memory of what is remembered; a longer token is checked each time.
MAX_KEPT: Final = 2_048
MAX_KEPT_BYTES: Final = 2_048
# The words of `scope` that count; further ones belong to other services.
USER: Final = "user"
PLATFORM: Final = "platform"
# For the start of a token: the clock of its issuer may be that much ahead.
LEEWAY_S: Final = 30
# The end of the year 9999: a later `exp` is no date to most libraries.
MAX_TIME_S: Final = 253_402_300_799


class Claims(msgspec.Struct, frozen=True):
    """The claims that count; times are seconds since the epoch.

    `scope` is one or several words separated by spaces (RFC 8693).
    """

    sub: Annotated[str, msgspec.Meta(min_length=1)]
    aud: str | list[str]
    exp: Annotated[float, msgspec.Meta(le=MAX_TIME_S)]
    scope: str
    nbf: float = 0
    iat: float | None = None

    @property
    def is_platform(self) -> bool:
        """Whether the token reads everything."""
        return PLATFORM in self.scope.split(" ")


class Verifier:
    """Checks tokens with these keys, each of which fixes the one algorithm it is used with.

    Tokens with a good signature are remembered, the oldest first out; whether they hold now is
    asked each time. What cannot be trusted is not remembered, so it pushes nothing out. A token
    that holds for longer than `max_ttl_s` from `iat`, or from now without `iat`, never holds.
    """

    def __init__(self, keys: Sequence[Key], clock: Clock, max_ttl_s: int | None = None) -> None:
        self._checks = [(key, algorithm_of(key)) for key in keys]
        self._jws = jwt.PyJWS(algorithms=[algorithm for _, algorithm in self._checks])
        self._clock = clock
        self._max_ttl_s = max_ttl_s
        self._trusted: dict[bytes, Claims] = {}

    def claims(self, token: bytes) -> Claims:
        """The claims of a token that holds now.

        Raises ValueError where signature, shape, audience or time are wrong.
        """
        claims = self._trusted.get(token)
        if claims is None:
            claims = self._decoded(token)
            self._keep(token, claims)
        now_s = self._clock().timestamp()
        if not max(claims.nbf, claims.iat or 0) - LEEWAY_S <= now_s < claims.exp:
            raise ValueError("the token does not hold now")
        # Without `iat` the clock of whoever signed it may be ahead of ours.
        began_s = now_s + LEEWAY_S if claims.iat is None else claims.iat
        if self._max_ttl_s is not None and claims.exp - began_s > self._max_ttl_s:
            raise ValueError("the token holds for too long")
        return claims

    def _decoded(self, token: bytes) -> Claims:
        try:
            claims = msgspec.json.decode(self._payload(token), type=Claims)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ValueError("the token cannot be trusted") from error
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if AUDIENCE not in audiences:
            raise ValueError("the token is meant for somebody else")
        if not {USER, PLATFORM} & set(claims.scope.split(" ")):
            raise ValueError("the token has no scope of this service")
        return claims

    def _payload(self, token: bytes) -> bytes:
        for key, algorithm in self._checks:
            with suppress(jwt.PyJWTError):
                payload: bytes = self._jws.decode(token, key, algorithms=[algorithm])
                return payload
        raise ValueError("no key fits")

    def _keep(self, token: bytes, claims: Claims) -> None:
        if len(token) > MAX_KEPT_BYTES:
            return
        self._trusted[token] = claims
        if len(self._trusted) > MAX_KEPT:
            del self._trusted[next(iter(self._trusted))]

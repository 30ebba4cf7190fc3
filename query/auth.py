"""What a token says, and whether it can be trusted now; no database is asked."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Final, Literal

import jwt
import msgspec

from query.clock import Clock
from query.keys import Key, algorithm_of

AUDIENCE: Final = "fleetgauge"
# Bound the memory of what is remembered; a longer token is checked each time.
MAX_KEPT: Final = 2_048
MAX_KEPT_BYTES: Final = 2_048


class Claims(msgspec.Struct, frozen=True):
    """What a token must say; times are seconds since the epoch."""

    sub: Annotated[str, msgspec.Meta(min_length=1)]
    aud: str | list[str]
    exp: float
    scope: Literal["user", "platform"]
    nbf: float = 0


class Verifier:
    """Checks tokens with these keys, each of which fixes the one algorithm it is used with.

    Tokens with a good signature are remembered, the oldest first out; whether they hold now is
    asked each time. What cannot be trusted is not remembered, so it pushes nothing out.
    """

    def __init__(self, keys: Sequence[Key], clock: Clock) -> None:
        self._checks = [(key, algorithm_of(key)) for key in keys]
        self._jws = jwt.PyJWS(algorithms=[algorithm for _, algorithm in self._checks])
        self._clock = clock
        self._trusted: dict[bytes, Claims] = {}

    def claims(self, token: bytes) -> Claims:
        """The claims of a token that holds now.

        Raises ValueError where signature, shape, audience or time are wrong.
        """
        claims = self._trusted.get(token)
        if claims is None:
            claims = self._decoded(token)
            self._keep(token, claims)
        if not claims.nbf <= self._clock().timestamp() < claims.exp:
            raise ValueError("the token does not hold now")
        return claims

    def _decoded(self, token: bytes) -> Claims:
        try:
            claims = msgspec.json.decode(self._payload(token), type=Claims)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ValueError("the token cannot be trusted") from error
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if AUDIENCE not in audiences:
            raise ValueError("the token is meant for somebody else")
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

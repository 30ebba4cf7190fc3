"""Who asks and what they may read; decided from the token alone, before any database connection."""

from pathlib import Path
from typing import Annotated, Any, Final, Literal

import jwt
import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from query.clock import Clock
from schemas.settings import SettingsError

AUDIENCE: Final = "fleetgauge"
USER_PARAMETER: Final = "userId"
# A route is closed unless it carries this mark.
PUBLIC: Final = {"public": True}

_CHALLENGE: Final = {"www-authenticate": "Bearer"}
_KEY_FILE: Final = "FLEETGAUGE_JWT_PUBLIC_KEY_FILE"

Key = bytes | RSAPublicKey | EllipticCurvePublicKey
Connection = ASGIConnection[Any, Any, Any, Any]


class Claims(msgspec.Struct, frozen=True):
    """What a token must say; times are seconds since the epoch."""

    sub: Annotated[str, msgspec.Meta(min_length=1)]
    aud: str | list[str]
    exp: float
    scope: Literal["user", "platform"]
    nbf: float = 0


class Verifier:
    """Checks tokens with one key, which fixes the one algorithm that is taken."""

    def __init__(self, key: Key, clock: Clock) -> None:
        self._key = key
        self._algorithm = _algorithm_of(key)
        self._jws = jwt.PyJWS(algorithms=[self._algorithm])
        self._clock = clock

    def claims(self, token: str) -> Claims:
        """The claims of a token that holds now.

        Raises ValueError where signature, shape, audience or time are wrong.
        """
        try:
            payload = self._jws.decode(token, self._key, algorithms=[self._algorithm])
            claims = msgspec.json.decode(payload, type=Claims)
        except (jwt.PyJWTError, msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ValueError("the token cannot be trusted") from error
        self._require_valid(claims)
        return claims

    def _require_valid(self, claims: Claims) -> None:
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if AUDIENCE not in audiences:
            raise ValueError("the token is meant for somebody else")
        if not claims.nbf <= self._clock().timestamp() < claims.exp:
            raise ValueError("the token does not hold now")


class Gate:
    """The guard of every route: the one place where it is decided who reads what."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier

    async def admit(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """Lets public routes, a user's own routes and the platform's tokens pass.

        Raises NotAuthorizedException (401) or PermissionDeniedException (403).
        """
        if handler.opt.get("public"):
            return
        claims = self._claims(connection)
        if claims.scope == "platform":
            return
        # The handler gets the same parsed value, so no spelling of the path can tell them apart.
        # A route without a user is the platform's.
        if connection.path_params.get(USER_PARAMETER) != claims.sub:
            raise PermissionDeniedException("this token does not reach that far")

    def _claims(self, connection: Connection) -> Claims:
        headers = connection.headers.getall("authorization", [])
        scheme, _, token = headers[0].partition(" ") if len(headers) == 1 else ("", "", "")
        if scheme.lower() != "bearer":
            raise NotAuthorizedException("no token", headers=_CHALLENGE)
        try:
            return self._verifier.claims(token.strip())
        except ValueError as error:
            raise NotAuthorizedException("bad token", headers=_CHALLENGE) from error


def read_public_key(path: Path) -> Key:
    """The RSA or P-256 public key in a PEM file; SettingsError where there is none."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise SettingsError([f"{_KEY_FILE}: cannot read {path}: {error.strerror}"]) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SettingsError([f"{_KEY_FILE}: {path} holds no public key in PEM"]) from error
    if isinstance(key, RSAPublicKey) and key.key_size >= 2048:
        return key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    raise SettingsError([f"{_KEY_FILE}: takes an RSA key of 2048 bits or more, or a P-256 key"])


def _algorithm_of(key: Key) -> str:
    if isinstance(key, bytes):
        return "HS256"
    return "RS256" if isinstance(key, RSAPublicKey) else "ES256"

"""Makes tokens for people and scripts where the service shares a secret with its users."""

import re
from datetime import timedelta
from typing import Final

import jwt
import msgspec

from query.auth import AUDIENCE
from query.clock import Clock, utc_now
from schemas.events import ID_TAKES, Id
from schemas.settings import HttpSettings

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_PLATFORM: Final = "platform"


def issue(http: HttpSettings, user_id: str | None, ttl: str, clock: Clock = utc_now) -> str:
    """A signed token for one user, or for the platform where `user_id` is None.

    Raises ValueError with a sentence where the id, the ttl or the key will not do.
    """
    if http.jwt_secret is None:
        raise ValueError("tokens are made with FLEETGAUGE_JWT_SECRET, and it is not set")
    claims = {
        "aud": AUDIENCE,
        "sub": _PLATFORM if user_id is None else _checked_id(user_id),
        "scope": "platform" if user_id is None else "user",
        "exp": int((clock() + duration(ttl)).timestamp()),
    }
    return jwt.encode(claims, http.jwt_secret.get_secret_value(), "HS256")


def duration(ttl: str) -> timedelta:
    """The time that `90s`, `15m`, `1h` or `7d` stand for; ValueError for anything else."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", ttl)
    if match is None:
        raise ValueError(f"ttl takes a number and s, m, h or d, as in 15m, not {ttl!r}")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _checked_id(user_id: str) -> str:
    try:
        return msgspec.convert(user_id, Id)
    except msgspec.ValidationError as error:
        raise ValueError(f"user takes {ID_TAKES}, not {user_id!r}") from error

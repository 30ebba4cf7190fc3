"""Issues tokens for people and scripts, signed with the shared secret."""

import re
from datetime import timedelta
from typing import Final

import jwt
import msgspec

from query.auth import AUDIENCE, PLATFORM, USER
from query.clock import Clock, utc_now
from schemas.events import ID_TAKES, Id
from schemas.settings import HttpSettings

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
# Unless FLEETGAUGE_JWT_MAX_TTL_S is set.
MAX_TTL: Final = timedelta(days=90)


def issue_user(http: HttpSettings, user_id: str, ttl: str, clock: Clock = utc_now) -> str:
    """A signed token that reads one user's data.

    Raises ValueError with a sentence if the id, the ttl or the key is invalid.
    """
    return _signed(http, {"sub": _checked("user", user_id), "scope": USER}, ttl, clock)


def issue_platform(http: HttpSettings, name: str, ttl: str, clock: Clock = utc_now) -> str:
    """A signed token that reads all data; the rate limit counts its requests by `name`.

    Raises ValueError as `issue_user`.
    """
    return _signed(http, {"sub": _checked("name", name), "scope": PLATFORM}, ttl, clock)


def _signed(http: HttpSettings, claims: dict[str, str], ttl: str, clock: Clock) -> str:
    if http.jwt_secret is None:
        raise ValueError("tokens are signed with FLEETGAUGE_JWT_SECRET, which is not set")
    exp = int((clock() + _allowed(http, ttl)).timestamp())
    secret = http.jwt_secret.get_secret_value()
    return jwt.encode({"aud": AUDIENCE, **claims, "exp": exp}, secret, "HS256")


def _allowed(http: HttpSettings, ttl: str) -> timedelta:
    found = duration(ttl)
    if http.jwt_max_ttl_s is not None:
        if found > timedelta(seconds=http.jwt_max_ttl_s):
            raise ValueError(
                f"ttl takes {http.jwt_max_ttl_s}s (FLEETGAUGE_JWT_MAX_TTL_S) at most, not {ttl}"
            )
    elif found > MAX_TTL:
        raise ValueError(
            f"ttl takes {MAX_TTL.days}d at most, not {ttl}; FLEETGAUGE_JWT_MAX_TTL_S allows more"
        )
    return found


def duration(ttl: str) -> timedelta:
    """Parses `90s`, `15m`, `1h` or `7d`; ValueError for anything else."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", ttl)
    if match is None:
        raise ValueError(f"ttl takes a number and s, m, h or d, as in 15m, not {ttl!r}")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _checked(option: str, value: str) -> str:
    try:
        return msgspec.convert(value, Id)
    except msgspec.ValidationError as error:
        raise ValueError(f"{option} takes {ID_TAKES}, not {value!r}") from error

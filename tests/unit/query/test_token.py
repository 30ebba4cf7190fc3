"""Tokens made here hold here, for as long as was asked."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from query.auth import Verifier
from query.token import duration, issue
from schemas.settings import HttpSettings

NOW = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
SECRET = "0123456789abcdef0123456789abcdef"
HTTP = HttpSettings(jwt_secret=SecretStr(SECRET))


@pytest.mark.parametrize(
    ("ttl", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("1h", timedelta(hours=1)),
        ("7d", timedelta(days=7)),
        ("999999d", timedelta(days=999_999)),
    ],
)
def test_duration(ttl: str, expected: timedelta) -> None:
    assert duration(ttl) == expected


@pytest.mark.parametrize(
    "ttl",
    [
        "",
        "1",
        "h",
        "0s",
        "00s",
        "-1h",
        "1.5h",
        "1 h",
        "1h ",
        "1h\n",
        "1H",
        "1w",
        "1h30m",
        "1000000d",
        "\u0661h",
    ],
)
def test_no_duration(ttl: str) -> None:
    with pytest.raises(ValueError, match="ttl takes a number and s, m, h or d, as in 15m, not"):
        duration(ttl)


@pytest.mark.parametrize(
    ("user_id", "sub", "scope"), [("alice", "alice", "user"), (None, "platform", "platform")]
)
def test_a_token_holds_until_its_end(user_id: str | None, sub: str, scope: str) -> None:
    token = issue(HTTP, user_id, "90s", lambda: NOW).encode()
    last = Verifier([SECRET.encode()], lambda: NOW + timedelta(seconds=89.9)).claims(token)
    assert (last.sub, last.scope) == (sub, scope)
    with pytest.raises(ValueError, match="does not hold now"):
        Verifier([SECRET.encode()], lambda: NOW + timedelta(seconds=90)).claims(token)


@pytest.mark.parametrize("user_id", ["", "a b", "a/b", "a\n", "ä", "a" * 129, "a\0"])
def test_ids_are_checked(user_id: str) -> None:
    with pytest.raises(ValueError, match="user takes 1 to 128 of"):
        issue(HTTP, user_id, "1h")


def test_only_a_secret_signs() -> None:
    http = HttpSettings(jwt_public_key_file=Path("key.pem"))
    with pytest.raises(ValueError, match="made with FLEETGAUGE_JWT_SECRET"):
        issue(http, "alice", "1h")

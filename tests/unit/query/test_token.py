"""Tokens made here hold here, for as long as was asked."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from query.auth import Verifier
from query.clock import Clock
from query.token import duration, issue_platform, issue_user
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


Issue = Callable[[HttpSettings, str, str, Clock], str]


@pytest.mark.parametrize(("issue", "is_platform"), [(issue_user, False), (issue_platform, True)])
def test_a_token_holds_until_its_end(issue: Issue, is_platform: bool) -> None:
    token = issue(HTTP, "alice", "90s", lambda: NOW).encode()
    last = Verifier([SECRET.encode()], lambda: NOW + timedelta(seconds=89.9)).claims(token)
    assert (last.sub, last.is_platform) == ("alice", is_platform)
    with pytest.raises(ValueError, match="expired or not valid yet"):
        Verifier([SECRET.encode()], lambda: NOW + timedelta(seconds=90)).claims(token)


# the setting, the ttl, and how the sentence begins where it is too long
TTLS: list[tuple[int | None, str, str | None]] = [
    (None, "90d", None),
    (None, "91d", "ttl takes 90d at most, not 91d; FLEETGAUGE_JWT_MAX_TTL_S allows more"),
    (None, "7776001s", "ttl takes a number and"),
    (None, "129601m", "ttl takes 90d at most, not 129601m"),
    (86_400, "1d", None),
    (86_400, "25h", "ttl takes 86400s (FLEETGAUGE_JWT_MAX_TTL_S) at most, not 25h"),
    (31_536_000, "365d", None),
]


@pytest.mark.parametrize(("max_ttl_s", "ttl", "sentence"), TTLS)
def test_how_long_a_token_may_hold(max_ttl_s: int | None, ttl: str, sentence: str | None) -> None:
    http = HttpSettings(jwt_secret=SecretStr(SECRET), jwt_max_ttl_s=max_ttl_s)
    if sentence is None:
        token = issue_user(http, "alice", ttl, lambda: NOW).encode()
        assert Verifier([SECRET.encode()], lambda: NOW, max_ttl_s).claims(token).sub == "alice"
    else:
        with pytest.raises(ValueError, match=re.escape(sentence)):
            issue_user(http, "alice", ttl, lambda: NOW)


@pytest.mark.parametrize("value", ["", "a b", "a/b", "a\n", "ä", "a" * 129, "a\0"])
def test_ids_are_checked(value: str) -> None:
    with pytest.raises(ValueError, match="user takes 1 to 128 of"):
        issue_user(HTTP, value, "1h")
    with pytest.raises(ValueError, match="name takes 1 to 128 of"):
        issue_platform(HTTP, value, "1h")


def test_only_a_secret_signs() -> None:
    http = HttpSettings(jwt_public_key_file=Path("key.pem"))
    with pytest.raises(ValueError, match="signed with FLEETGAUGE_JWT_SECRET"):
        issue_user(http, "alice", "1h")

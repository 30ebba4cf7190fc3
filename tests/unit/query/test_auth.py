"""Tokens that hold and tokens that do not; none of it needs a database."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from query.auth import MAX_KEPT, MAX_KEPT_BYTES, Claims, Verifier
from query.jwt_keys import read_public_key
from schemas.settings import SettingsError

NOW = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
EPOCH_S = int(NOW.timestamp())
SECRET = b"0123456789abcdef0123456789abcdef"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
GOOD: dict[str, Any] = {
    "sub": "alice",
    "scope": "user",
    "aud": "fleetgauge",
    "exp": EPOCH_S + 60,
}

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


def verifier(key: bytes | rsa.RSAPublicKey | ec.EllipticCurvePublicKey = SECRET) -> Verifier:
    return Verifier([key], lambda: NOW)


def part(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def pem(key: PublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signed(payload: bytes, header: bytes = b'{"alg":"HS256"}', key: bytes = SECRET) -> str:
    """A token with exactly this payload, however odd."""
    content = part(header) + b"." + part(payload)
    return (content + b"." + part(hmac.digest(key, content, hashlib.sha256))).decode()


def without(claim: str) -> bytes:
    return json.dumps({name: value for name, value in GOOD.items() if name != claim}).encode()


def with_(**claims: Any) -> bytes:
    return json.dumps({**GOOD, **claims}).encode()


def raw(claim: str, value: str) -> bytes:
    return with_(**{claim: "\0"}).replace(json.dumps("\0").encode(), value.encode())


def test_a_good_token_names_its_user() -> None:
    claims = verifier().claims(signed(with_()).encode())
    assert (claims.sub, claims.scope) == ("alice", "user")


HOLDING = {
    "one of several audiences": with_(aud=["other", "fleetgauge"]),
    "platform": with_(scope="platform"),
    "a second before its end": with_(exp=EPOCH_S + 1),
    "with fractions": with_(exp=EPOCH_S + 0.5),
    "holds from now": with_(nbf=EPOCH_S),
    "nbf within the leeway": with_(nbf=EPOCH_S + 30),
    "iat within the leeway": with_(iat=EPOCH_S + 30),
    "the last date": with_(exp=253_402_300_799),
    "more claims": with_(iat=0, name="Alice"),
    "several scopes": with_(scope="openid user email"),
}


@pytest.mark.parametrize("payload", HOLDING.values(), ids=HOLDING.keys())
def test_holds(payload: bytes) -> None:
    assert verifier().claims(signed(payload).encode()).sub == "alice"


NOT_HOLDING = {
    "no exp": without("exp"),
    "exp null": with_(exp=None),
    "exp text": with_(exp=str(EPOCH_S + 60)),
    "exp true": with_(exp=True),
    "exp NaN": raw("exp", "NaN"),
    "exp Infinity": raw("exp", "Infinity"),
    "exp 1e999": raw("exp", "1e999"),
    "exp a list": with_(exp=[EPOCH_S + 60]),
    "exp now": with_(exp=EPOCH_S),
    "exp past": with_(exp=EPOCH_S - 1),
    "exp negative": with_(exp=-1),
    "exp past the year 9999": with_(exp=253_402_300_800),
    "exp of 10^30": with_(exp=10**30),
    "nbf beyond the leeway": with_(nbf=EPOCH_S + 30.5),
    "iat beyond the leeway": with_(iat=EPOCH_S + 30.5),
    "iat text": with_(iat="0"),
    "nbf text": with_(nbf="0"),
    "no aud": without("aud"),
    "other aud": with_(aud="fleetgauge2"),
    "aud in another case": with_(aud="Fleetgauge"),
    "aud empty": with_(aud=[]),
    "no sub": without("sub"),
    "sub empty": with_(sub=""),
    "sub a number": with_(sub=1),
    "sub null": with_(sub=None),
    "no scope": without("scope"),
    "other scope": with_(scope="admin"),
    "other scopes": with_(scope="openid users myplatform"),
    "scopes with commas": with_(scope="openid,user"),
    "scope empty": with_(scope=""),
    "scope a list": with_(scope=["platform"]),
    "not JSON": b"{",
    "not an object": b"[]",
    "deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "no UTF-8": b'{"sub":"\xff"}',
}


@pytest.mark.parametrize("payload", NOT_HOLDING.values(), ids=NOT_HOLDING.keys())
def test_does_not_hold(payload: bytes) -> None:
    with pytest.raises(ValueError, match="the token"):
        verifier().claims(signed(payload).encode())


# the scope of a token, and whether it reads everything
SCOPES = [
    ("user", False),
    ("openid user", False),
    ("user platform", True),
    ("platform  openid", True),
    ("user platform2 theplatform", False),
]


@pytest.mark.parametrize(("scope", "is_platform"), SCOPES)
def test_scopes_are_words(scope: str, is_platform: bool) -> None:
    claims = verifier().claims(signed(with_(scope=scope)).encode())
    assert claims.is_platform is is_platform


# claims of a token, and whether it holds where tokens may hold for an hour
TTLS: list[tuple[dict[str, Any], bool]] = [
    ({"exp": EPOCH_S + 3_630}, True),
    ({"exp": EPOCH_S + 3_631}, False),
    ({"iat": EPOCH_S - 1_800, "exp": EPOCH_S + 1_800}, True),
    ({"iat": EPOCH_S - 1_800, "exp": EPOCH_S + 1_801}, False),
    ({"iat": EPOCH_S - 7_200, "exp": EPOCH_S + 1}, False),
]


@pytest.mark.parametrize(("times", "holds"), TTLS)
def test_tokens_hold_as_long_as_the_settings_allow(times: dict[str, int], holds: bool) -> None:
    checks = Verifier([SECRET], lambda: NOW, max_ttl_s=3_600)
    token = signed(with_(**times)).encode()
    if holds:
        assert checks.claims(token).sub == "alice"
    else:
        with pytest.raises(ValueError, match="the token's lifetime is too long"):
            checks.claims(token)


MISMADE = {
    "none": part(b'{"alg":"none"}').decode() + "." + part(with_()).decode() + ".",
    "none, signed": signed(with_(), b'{"alg":"none"}'),
    "None": signed(with_(), b'{"alg":"None"}'),
    "no alg": signed(with_(), b"{}"),
    "another secret": signed(with_(), key=b"x" * 32),
    "another algorithm": jwt.encode(GOOD, SECRET * 2, "HS512"),
    "signature cut": signed(with_())[:-2],
    "no signature": signed(with_()).rpartition(".")[0],
    "critical header": signed(with_(), b'{"alg":"HS256","crit":["x"],"x":1}'),
    "detached": signed(with_(), b'{"alg":"HS256","crit":["b64"],"b64":false}'),
    "deep header": signed(with_(), b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    "header a list": signed(with_(), b"[]"),
    "empty": "",
    "dots": "..",
    "not ASCII": "ä.ö.ü",
    "a lone surrogate": "\udc80.a.b",
}


@pytest.mark.parametrize("token", MISMADE.values(), ids=MISMADE.keys())
def test_mismade(token: str) -> None:
    with pytest.raises(ValueError, match="the token is invalid"):
        verifier().claims(token.encode(errors="surrogateescape"))


@pytest.mark.parametrize(("private", "algorithm"), [(RSA, "RS256"), (CURVE, "ES256")])
def test_public_keys_fix_their_algorithm(
    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, algorithm: str
) -> None:
    checks = verifier(private.public_key())
    assert checks.claims(jwt.encode(GOOD, private, algorithm).encode()) == Claims(**GOOD)
    confused = signed(with_(), key=pem(private.public_key()))
    also_confused = signed(with_(), b'{"alg":"HS256"}', pem(private.public_key()).strip())
    for token in (confused, also_confused, signed(with_()), MISMADE["none"]):
        with pytest.raises(ValueError, match="the token is invalid"):
            checks.claims(token.encode())


def test_a_longer_rsa_hash_is_not_taken() -> None:
    with pytest.raises(ValueError, match="the token is invalid"):
        verifier(RSA.public_key()).claims(jwt.encode(GOOD, RSA, "RS512").encode())


def test_each_of_two_keys_is_taken() -> None:
    checks = Verifier([RSA.public_key(), SECRET], lambda: NOW)
    for good in (jwt.encode(GOOD, RSA, "RS256"), signed(with_())):
        assert checks.claims(good.encode()) == Claims(**GOOD)
    confused = signed(with_(), key=pem(RSA.public_key()))
    for bad in (confused, signed(with_(), key=b"x" * 32), jwt.encode(GOOD, CURVE, "ES256")):
        with pytest.raises(ValueError, match="the token is invalid"):
            checks.claims(bad.encode())


def test_a_token_that_is_remembered_ends_all_the_same() -> None:
    now = [NOW]
    checks = Verifier([SECRET], lambda: now[0])
    payload = with_(nbf=EPOCH_S - 60)
    assert checks.claims(signed(payload).encode()).sub == "alice"
    for seconds in (-91, 60):
        now[0] = NOW + timedelta(seconds=seconds)
        with pytest.raises(ValueError, match="expired or not valid yet"):
            checks.claims(signed(payload).encode())
    now[0] = NOW
    assert checks.claims(signed(payload).encode()).sub == "alice"


def test_only_good_tokens_are_remembered_and_not_too_many() -> None:
    checks = verifier()
    remembered = vars(checks)["_trusted"]
    for payload in (with_(aud="other"), with_(sub=""), b"{"):
        with pytest.raises(ValueError, match="the token"):
            checks.claims(signed(payload).encode())
    checks.claims(signed(with_(note="x" * MAX_KEPT_BYTES)).encode())
    assert not remembered
    for number in range(MAX_KEPT + 10):
        checks.claims(signed(with_(sub=str(number))).encode())
    assert len(remembered) == MAX_KEPT


def test_a_key_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    for private in (RSA, CURVE):
        file.write_bytes(pem(private.public_key()))
        assert read_public_key(file) == private.public_key()


def short_rsa() -> bytes:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - it is
    return pem(weak.public_key())


def private_key() -> bytes:
    return RSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


UNUSABLE: dict[str, tuple[Callable[[], bytes], str]] = {
    "short": (short_rsa, "takes an RSA key of 2048 bits or more, or a P-256 key"),
    "another curve": (
        lambda: pem(ec.generate_private_key(ec.SECP384R1()).public_key()),
        "takes an RSA key",
    ),
    "another kind": (
        lambda: pem(ed25519.Ed25519PrivateKey.generate().public_key()),
        "takes an RSA key",
    ),
    "private": (private_key, "does not contain a PEM public key"),
    "text": (lambda: b"a secret", "does not contain a PEM public key"),
    "empty": (lambda: b"", "does not contain a PEM public key"),
}


@pytest.mark.parametrize(("content", "sentence"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_unusable_key_file_is_reported(
    tmp_path: Path, content: Callable[[], bytes], sentence: str
) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(content())
    with pytest.raises(SettingsError, match="FLEETGAUGE_JWT_PUBLIC_KEY_FILE: .*" + sentence):
        read_public_key(file)


def test_a_missing_key_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot read .*absent\.pem: No such file"):
        read_public_key(tmp_path / "absent.pem")

"""Tokens that are not what they should be: 401, though there is no database to be asked.

And keys that are not: the service does not start, on the loopback or beyond it.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.process import fleetgauge
from tests.support.serve_process import calling, served
from tests.support.service import bearer
from tests.support.stack import SECRET, Stack, Topics, environment, free_port

pytestmark = pytest.mark.fault(16, "bad tokens and keys")

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
PATHS = ("/api/metrics", "/api/metrics/alice/performance", "/api/metrics/alice/summary")
Sign = Callable[[dict[str, Any]], str]


def pem(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def made(header: dict[str, Any], claims: dict[str, Any] | bytes, key: bytes) -> str:
    """A token of these parts, whatever they say, with an HMAC of them."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    content = f"{part(json.dumps(header).encode())}.{part(payload)}"
    return f"{content}.{part(hmac.digest(key, content.encode(), hashlib.sha256))}"


def by_secret(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, SECRET, "HS256")


def by_rsa(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, RSA, "RS256")


def by_curve(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, CURVE, "ES256")


# The signer that the service trusts, and the public key it is given; a secret without one.
KEYS: dict[str, tuple[Sign, bytes | None]] = {
    "a secret": (by_secret, None),
    "an RSA key": (by_rsa, pem(RSA.public_key())),
    "a P-256 key": (by_curve, pem(CURVE.public_key())),
}


def good() -> dict[str, Any]:
    return {"sub": "alice", "scope": "platform", "aud": "fleetgauge", "exp": now_s() + 3_600}


def now_s() -> int:
    return int(datetime.now(UTC).timestamp())


def well_signed() -> Iterator[tuple[str, dict[str, Any]]]:
    """Claims that do not do, by what is wrong with them."""
    odd: dict[str, list[Any]] = {
        "exp": [None, "", str(now_s() + 60), True, [], {}, 0, -1, now_s() - 1, 1e-9, 1e30],
        "nbf": [now_s() + 3_600, 1e308, "0", [0]],
        "aud": [None, "", "Fleetgauge", "fleetgauge ", [], ["other"], {"fleetgauge": 1}, 1],
        "sub": [None, "", 1, ["alice"], {}],
        "scope": [None, "", "admin", "Platform", ["platform"], "users platforms", 1],
    }
    for claim, values in odd.items():
        for value in values:
            yield f"{claim} {value!r}", {**good(), claim: value}
    for claim in ("exp", "aud", "sub", "scope"):
        yield f"no {claim}", {name: value for name, value in good().items() if name != claim}


def mismade(public: bytes | None) -> Iterator[tuple[str, str]]:
    """Tokens of good claims whose signature or header does not do."""
    keys = {"no key": b"", "another secret": b"x" * 32, "the algorithm's name": b"HS256"}
    if public is not None:
        # A public key is known to all: whoever takes it for a secret lets everybody sign.
        body = b"".join(public.splitlines()[1:-1])
        keys |= {"the public key": public, "it, stripped": public.strip(), "its body": body}
        keys["our own secret"] = SECRET.encode()
    for alg in ("HS256", "RS256", "ES256", "HS384", "none", "None", "", "hs256"):
        for name, key in keys.items():
            yield f"{alg} with {name}", made({"alg": alg, "typ": "JWT"}, good(), key)
        unsigned = made({"alg": alg}, good(), b"").rpartition(".")[0]
        yield f"{alg} unsigned", f"{unsigned}."
    yield "its own key", made({"alg": "HS256", "jwk": {"kty": "oct", "k": ""}}, good(), b"")
    yield "a key elsewhere", made({"alg": "HS256", "jku": "http://127.0.0.1/"}, good(), b"")
    yield "deep", made({"alg": "HS256"}, b'{"a":' * 2_000 + b"1" + b"}" * 2_000, b"")
    yield from {"empty": "", "dots": "..", "a word": "x", "spaces": "a b c"}.items()


@pytest.fixture
def variables(stack: Stack, topics: Topics) -> dict[str, str]:
    """The environment of a service whose database is nowhere."""
    nowhere = f"postgresql://someone@127.0.0.1:{free_port()}/fleetgauge"
    return environment(nowhere, stack, topics, FLEETGAUGE_RATE_LIMIT_PER_S="0")


def with_key(variables: dict[str, str], public: bytes | None, folder: Path) -> dict[str, str]:
    if public is None:
        return variables
    file = folder / "key.pem"
    file.write_bytes(public)
    kept = {name: v for name, v in variables.items() if name != "FLEETGAUGE_JWT_SECRET"}
    return {**kept, "FLEETGAUGE_JWT_PUBLIC_KEY_FILE": str(file)}


@pytest.mark.parametrize(("sign", "public"), KEYS.values(), ids=KEYS.keys())
def test_bad_tokens_are_refused_without_the_database(
    variables: dict[str, str], tmp_path: Path, sign: Sign, public: bytes | None
) -> None:
    tokens = dict(mismade(public)) | {name: sign(claims) for name, claims in well_signed()}
    tokens["cut"] = sign(good())[:-4]
    tokens["changed"] = sign(good()).replace(".", ".e30", 1)
    with (
        served(with_key(variables, public, tmp_path)) as serving,
        calling(serving) as caller,
    ):
        began = time.monotonic()
        for name, token in tokens.items():
            for path in PATHS:
                answer = caller.get(path, bearer(token))
                assert answer.status == 401, (name, path, answer)
        # Who asks the database waits for two seconds until it is given up.
        assert time.monotonic() - began < len(tokens) * len(PATHS)
        assert caller.get(PATHS[0], bearer(sign(good()))).status == 500


def test_two_keys_are_taken_while_they_change(variables: dict[str, str], tmp_path: Path) -> None:
    previous = with_key(variables, pem(RSA.public_key()), tmp_path)
    previous["FLEETGAUGE_JWT_PREVIOUS_PUBLIC_KEY_FILE"] = previous.pop(
        "FLEETGAUGE_JWT_PUBLIC_KEY_FILE"
    )
    previous["FLEETGAUGE_JWT_SECRET"] = SECRET
    refused = dict(mismade(pem(RSA.public_key())))
    del refused["HS256 with our own secret"]
    with served(previous) as serving, calling(serving) as caller:
        for sign in (by_secret, by_rsa):
            assert caller.get(PATHS[0], bearer(sign(good()))).status == 500
        refused["a third key"] = by_curve(good())
        for name, token in refused.items():
            assert caller.get(PATHS[0], bearer(token)).status == 401, name


UNUSABLE = {
    "none": {},
    "none, on the loopback": {"FLEETGAUGE_HTTP_HOST": "127.0.0.1"},
    "short": {"FLEETGAUGE_JWT_SECRET": "x" * 31},
    "a short one before": {
        "FLEETGAUGE_JWT_SECRET": SECRET,
        "FLEETGAUGE_JWT_PREVIOUS_SECRET": "x" * 31,
    },
    "no such file": {"FLEETGAUGE_JWT_SECRET_FILE": "/nowhere/secret"},
}


BEYOND_LOOPBACK = {"FLEETGAUGE_HTTP_HOST": "0.0.0.0"}  # noqa: S104 - it is refused


@pytest.mark.parametrize("keys", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_nothing_listens_without_a_key(variables: dict[str, str], keys: dict[str, str]) -> None:
    del variables["FLEETGAUGE_JWT_SECRET"]
    with fleetgauge({**variables, **BEYOND_LOOPBACK, **keys}, "serve") as process:
        assert process.await_exit() == 2
    assert "FLEETGAUGE_JWT_" in process.output
    assert "listening" not in process.output
    assert "x" * 31 not in process.output

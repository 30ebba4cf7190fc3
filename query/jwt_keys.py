"""The keys that verify tokens: a secret shared with the issuer, or a public key."""

from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import SecretStr

from schemas.settings import PREFIX, HttpSettings, SettingsError

Key = bytes | RSAPublicKey | EllipticCurvePublicKey

_FILE: Final = f"{PREFIX}JWT_PUBLIC_KEY_FILE"
_PREVIOUS_FILE: Final = f"{PREFIX}JWT_PREVIOUS_PUBLIC_KEY_FILE"


def keys_of(http: HttpSettings) -> list[Key]:
    """The key from the settings, then the previous key if set; SettingsError without a key."""
    keys: list[Key] = [*_secret(http.jwt_secret), *_public_key(http.jwt_public_key_file, _FILE)]
    if not keys:
        raise SettingsError([f"set {PREFIX}JWT_SECRET or {_FILE}"])
    previous = http.jwt_previous_public_key_file
    return [*keys, *_secret(http.jwt_previous_secret), *_public_key(previous, _PREVIOUS_FILE)]


def read_public_key(path: Path, variable: str = _FILE) -> Key:
    """The RSA or P-256 public key in a PEM file; else SettingsError that names `variable`."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise SettingsError([f"{variable}: cannot read {path}: {error.strerror}"]) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SettingsError([f"{variable}: {path} does not contain a PEM public key"]) from error
    if isinstance(key, RSAPublicKey) and key.key_size >= 2048:
        return key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    raise SettingsError([f"{variable}: takes an RSA key of 2048 bits or more, or a P-256 key"])


def algorithm_of(key: Key) -> str:
    """The algorithm of this key."""
    if isinstance(key, bytes):
        return "HS256"
    return "RS256" if isinstance(key, RSAPublicKey) else "ES256"


def _secret(secret: SecretStr | None) -> list[Key]:
    return [] if secret is None else [secret.get_secret_value().encode()]


def _public_key(path: Path | None, variable: str) -> list[Key]:
    return [] if path is None else [read_public_key(path, variable)]

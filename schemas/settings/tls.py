"""TLS contexts of clients: trusted authorities and our own certificate."""

import ssl
from pathlib import Path

Identity = tuple[Path, Path]


def client_context(
    ca_file: Path | None, identity: Identity | None, *, check_hostname: bool
) -> ssl.SSLContext:
    """A client's context; without a CA file it trusts the system's authorities.

    `identity` is the certificate file and the key file. Raises ValueError that names an unusable
    file.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ValueError(f"no certificates to trust in {ca_file}: {error.strerror}") from error
    context.check_hostname = check_hostname
    if identity is not None:
        _load(context, *identity)
    return context


def _load(context: ssl.SSLContext, certificate_file: Path, key_file: Path) -> None:
    def password() -> str:
        # Without this OpenSSL would prompt on the terminal.
        raise ValueError(f"the key in {key_file} is encrypted: give it unencrypted")

    try:
        context.load_cert_chain(certificate_file, key_file, password)
    except OSError as error:
        raise ValueError(
            f"no certificate in {certificate_file} with its key in {key_file}: {error.strerror}"
        ) from error

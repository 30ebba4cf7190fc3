"""Files that cannot be used for TLS are named; no terminal is asked for a password."""

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from schemas.settings.tls import client_context
from tests.support.certificates import Authority

LOOPBACK = "127.0.0.1"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


def test_one_authority_is_trusted_and_no_other(authority: Authority) -> None:
    context = client_context(authority.file, None, check_hostname=True)
    (trusted,) = context.get_ca_certs()
    assert trusted["subject"] == ((("commonName", "authority"),),)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_without_a_file_the_systems_authorities_are_trusted() -> None:
    context = client_context(None, None, check_hostname=True)
    assert context.get_ca_certs() == ssl.create_default_context().get_ca_certs()
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_hosts_names_unchecked_are_still_vouched_for(authority: Authority) -> None:
    context = client_context(authority.file, None, check_hostname=False)
    assert not context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_authorities_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no certificates to trust in .*absent: No such file"):
        client_context(tmp_path / "absent", None, check_hostname=True)
    (tmp_path / "junk").write_text("junk")
    with pytest.raises(ValueError, match=f"no certificates to trust in {tmp_path}/junk: "):
        client_context(tmp_path / "junk", None, check_hostname=True)


def test_a_certificate_with_the_key_of_another(authority: Authority) -> None:
    one, other = (authority.identity(name, LOOPBACK) for name in ("one", "other"))
    client_context(None, (one.certificate, one.key), check_hostname=True)
    with pytest.raises(ValueError, match=r"no certificate in .*one.pem with .*other.key"):
        client_context(None, (one.certificate, other.key), check_hostname=True)


def test_an_encrypted_key(authority: Authority) -> None:
    held = authority.identity("held", LOOPBACK)
    key = serialization.load_pem_private_key(held.key.read_bytes(), None)
    held.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"a password"),
        )
    )
    with pytest.raises(ValueError, match=r"the key in .*held.key is encrypted: give it unencr"):
        client_context(None, (held.certificate, held.key), check_hostname=True)

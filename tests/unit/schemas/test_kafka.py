"""The options of aiokafka's clients, from the environment."""

from pathlib import Path

import pytest

from schemas.runtime.kafkaclient import client_options, security_options
from schemas.settings import KafkaSettings, SettingsError, load
from tests.support.certificates import Authority


def settings(monkeypatch: pytest.MonkeyPatch, **values: str) -> KafkaSettings:
    monkeypatch.setenv("FLEETGAUGE_KAFKA_BOOTSTRAP", "broker:9093")
    for name, value in values.items():
        monkeypatch.setenv(f"FLEETGAUGE_KAFKA_{name}", value)
    (kafka,) = load(KafkaSettings)
    return kafka


def test_plaintext_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert client_options(settings(monkeypatch)) == {
        "bootstrap_servers": "broker:9093",
        "security_protocol": "PLAINTEXT",
        "ssl_context": None,
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": None,
        "sasl_plain_password": None,
    }


LOGIN = {
    "SECURITY_PROTOCOL": "SASL_SSL",
    "SASL_MECHANISM": "SCRAM-SHA-512",
    "USERNAME": "fleet",
    "PASSWORD": "hunter2",
}


def test_everything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    client = authority.identity("client", "127.0.0.1")
    files = {
        "CA_FILE": str(authority.file),
        "CERTIFICATE_FILE": str(client.certificate),
        "KEY_FILE": str(client.key),
        "CHECK_HOSTNAME": "false",
    }
    kafka = settings(monkeypatch, **LOGIN, **files)
    options = security_options(kafka)
    context = options.pop("ssl_context")
    assert len(context.get_ca_certs()) == 1
    assert not context.check_hostname
    assert options == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "fleet",
        "sasl_plain_password": "hunter2",
    }
    assert "hunter2" not in repr(kafka)


def test_a_password_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    login = {name: value for name, value in LOGIN.items() if name != "PASSWORD"}
    kafka = settings(monkeypatch, **login, PASSWORD_FILE=str(tmp_path / "secret"))
    assert security_options(kafka)["sasl_plain_password"] == "hunter2"


WRONG = [
    ({"SECURITY_PROTOCOL": "TLS"}, "FLEETGAUGE_KAFKA_SECURITY_PROTOCOL: Input should be 'PLAINT"),
    ({**LOGIN, "SASL_MECHANISM": "GSSAPI"}, "FLEETGAUGE_KAFKA_SASL_MECHANISM: Input should be 'PL"),
    ({**LOGIN, "USERNAME": ""}, "FLEETGAUGE_KAFKA_USERNAME: String should have at least 1"),
    ({**LOGIN, "PASSWORD": ""}, "FLEETGAUGE_KAFKA_PASSWORD: Value should have at least 1"),
    ({"USERNAME": "fleet"}, "FLEETGAUGE_KAFKA_SECURITY_PROTOCOL=PLAINTEXT does not use FLEETGAUG"),
    ({"SECURITY_PROTOCOL": "SASL_SSL"}, "FLEETGAUGE_KAFKA_SECURITY_PROTOCOL=SASL_SSL also needs "),
    ({**LOGIN, "CA_FILE": "/absent"}, "no certificates to trust in /absent: No such file"),
]


@pytest.mark.parametrize(("values", "sentence"), WRONG)
def test_what_cannot_be_used_is_refused_at_start(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], sentence: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(monkeypatch, **values)
    (problem,) = caught.value.problems
    assert problem.startswith(sentence)
    assert "hunter2" not in problem

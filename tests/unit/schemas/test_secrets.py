"""What is secret stays out of what is written, however it is quoted there."""

import io
import json
import logging
import urllib.parse
from pathlib import Path

import pytest
import rich_click as click

from schemas.runtime.secrets import REDACTED, cleaner, redacting, secrets

URL = "postgresql://someone:{}@127.0.0.1:5432/fleetgauge"
# Each is as long as a secret of the settings has to be.
SECRETS = [
    "a plain secret, thirty-two bytes or more",
    'with "quotes", \\backslashes\\ and \ttabs',
    "mit Umlauten, ä, ö, ü, und einem Zeichen 🗝",
    "p@ss/word?with#all%that+must-be&escaped",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_no_form_of_a_secret_is_written(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("FLEETGAUGE_JWT_SECRET", secret)
    written = io.StringIO()
    stream = redacting(written)
    stream.write(f"before {secret} after")
    stream.writelines([repr(secret), json.dumps({"key": secret}), f"{secret}{secret}"])
    stream.write(urllib.parse.quote(secret, safe=""))
    assert written.getvalue().startswith(f"before {REDACTED} after")
    assert written.getvalue().count(REDACTED) == 6
    assert all(word not in written.getvalue() for word in secret.split() if len(word) > 8)


@pytest.mark.parametrize("password", SECRETS)
def test_of_a_url_only_the_password_is_secret(
    monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    encoded = urllib.parse.quote(password, safe="")
    monkeypatch.setenv("FLEETGAUGE_DATABASE_URL", URL.format(encoded))
    clean = cleaner(secrets())
    assert clean(URL.format(encoded)) == URL.format(REDACTED)
    assert clean(f"password is {password!r}") == f"password is '{REDACTED}'"


def test_secrets_of_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("kept in a file\n", encoding="utf-8")
    (tmp_path / "binary").write_bytes(b"\xff")
    monkeypatch.setenv("FLEETGAUGE_KAFKA_PASSWORD_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("FLEETGAUGE_JWT_SECRET_FILE", str(tmp_path / "binary"))
    monkeypatch.setenv("FLEETGAUGE_DATABASE_URL_FILE", str(tmp_path / "absent"))
    assert secrets() == {"kept in a file"}


def test_nothing_is_lost_where_nothing_is_secret() -> None:
    written = io.StringIO()
    redacting(written).write("as it is")
    assert written.getvalue() == "as it is"


def test_the_ways_in_which_commands_complain(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLEETGAUGE_JWT_SECRET", SECRETS[0])
    stream = redacting(io.StringIO())
    monkeypatch.setattr("sys.stderr", stream)
    click.echo(f"by click: {SECRETS[0]}", err=True)
    handler = logging.StreamHandler(stream)
    handler.emit(logging.makeLogRecord({"msg": f"by a log: {SECRETS[0]}"}))
    written = getattr(stream, "getvalue")()  # noqa: B009 - of what is written through it
    assert written == f"by click: {REDACTED}\nby a log: {REDACTED}\n"
    assert capsys.readouterr().err == ""

"""One module connects; what it gives libpq."""

import ast
from pathlib import Path

import pytest

from schemas.settings import DatabaseSettings, load
from sql import connect
from sql.session import Session, UnusableDatabase
from tests.support.stack import REPOSITORY, database_settings

CALLS = {"connect", "AsyncConnectionPool", "ConnectionPool", "NullConnectionPool"}
OF_PSYCOPG = {"psycopg", "AsyncConnection", "Connection", "ServerConnection"} | CALLS
URL = "postgresql://someone:old@db:5432/fleetgauge"


def connecting(file: Path) -> list[str]:
    """The calls in a module that would make a connection or a pool of them."""
    calls = [node.func for node in ast.walk(ast.parse(file.read_text())) if type(node) is ast.Call]
    names = [ast.unparse(call).split("[")[0] for call in calls]
    return [n for n in names if n.split(".")[-1] in CALLS and n.split(".")[0] in OF_PSYCOPG]


def test_no_other_module_connects() -> None:
    found = {
        f"{folder}/{file.name}": calls
        for folder in ("schemas", "sql", "ingest", "query", "emit")
        for file in (REPOSITORY / folder).rglob("*.py")
        if (calls := connecting(file))
    }
    assert found.keys() == {"sql/connect.py"}


@pytest.fixture
def from_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[DatabaseSettings, Path]:
    """Settings whose URL came from a file, and the file."""
    file = tmp_path / "url"
    file.write_text(URL)
    monkeypatch.setenv("FLEETGAUGE_DATABASE_URL_FILE", str(file))
    (settings,) = load(DatabaseSettings)
    return settings, file


def test_a_file_is_read_again(from_file: tuple[DatabaseSettings, Path]) -> None:
    settings, file = from_file
    file.write_text(URL.replace("old", "new") + "\n")
    assert settings.current_url() == URL.replace("old", "new")


@pytest.mark.parametrize("text", ["", "postgresql://someone:geheim"])
async def test_a_file_without_a_url_is_reported_without_its_content(
    from_file: tuple[DatabaseSettings, Path], text: str
) -> None:
    settings, file = from_file
    file.write_text(text)
    with pytest.raises(UnusableDatabase, match=r"^FLEETGAUGE_DATABASE_URL_FILE: takes") as caught:
        await connect.ServerConnection.connect(database=settings, session=Session("x"))
    assert "geheim" not in str(caught.value)


def test_a_variable_goes_before_the_file(
    from_file: tuple[DatabaseSettings, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLEETGAUGE_DATABASE_URL", URL.replace("old", "variable"))
    (settings,) = load(DatabaseSettings)
    assert "variable" in settings.current_url()
    assert "variable" in database_settings(URL.replace("old", "variable")).current_url()

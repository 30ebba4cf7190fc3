"""What `emit` offers, and how little of it has to be loaded."""

import subprocess
import sys

import pytest

import emit
from tests.support.stack import REPOSITORY


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules, sep='\\n')"
    call = [sys.executable, "-c", code]
    result = subprocess.run(call, capture_output=True, text=True, check=True, cwd=REPOSITORY)
    return {name.partition(".")[0] for name in result.stdout.split()}


@pytest.mark.parametrize("name", emit.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(emit, name) is not None


def test_no_other_name_is() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Buffer'"):
        emit.Buffer  # noqa: B018


def test_importing_it_loads_nothing_yet() -> None:
    assert not loaded_by("import emit") & {"aiokafka", "msgspec", "psutil", "asyncio"}


def test_an_emitter_needs_neither_settings_nor_the_other_sides() -> None:
    loaded = loaded_by("from emit import Background, Emitter")
    assert "aiokafka" in loaded
    assert not loaded & {"pydantic", "pydantic_settings", "structlog", "psycopg", "litestar"}
    assert not loaded & {"numpy", "polars", "ingest", "query", "sql"}

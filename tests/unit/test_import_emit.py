"""The agent's side works where neither the database's driver nor the web server is there."""

import subprocess
import sys

import pytest

FOREIGN = {"psycopg", "psycopg_pool", "litestar", "uvicorn", "numpy", "polars"}


@pytest.mark.parametrize("module", ["emit.emitter", "emit.background", "emit.host"])
def test_it_pulls_in_nothing_of_the_other_sides(module: str) -> None:
    loaded = loaded_with(module)
    assert module.partition(".")[0] in loaded
    assert not loaded & (FOREIGN | {"ingest", "query", "sql"})


def test_an_agent_needs_no_settings() -> None:
    assert not loaded_with("emit.emitter") & {"pydantic", "pydantic_settings"}


def loaded_with(module: str) -> set[str]:
    """The top-level packages in memory once this is imported."""
    result = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(*sys.modules, sep='\\n')"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in result.stdout.split()}

"""The agent's side works where neither the database's driver nor the web server is there."""

import subprocess
import sys

import pytest

FOREIGN = {"psycopg", "psycopg_pool", "litestar", "granian", "numpy", "polars"}


@pytest.mark.parametrize("module", ["emit", "emit.host"])
def test_it_pulls_in_nothing_of_the_other_sides(module: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(*sys.modules, sep='\\n')"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in told.stdout.split()}
    assert module.partition(".")[0] in loaded
    assert not loaded & (FOREIGN | {"ingest", "query", "sql"})

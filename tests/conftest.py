"""Fixtures of all tests: the stack, and a database and topics for each test."""

import logging
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest
import structlog

from sql.edition import Edition
from tests.support.stack import (
    NAMED_DATABASE,
    Stack,
    Topics,
    created_database,
    migrate,
    running_stack,
    server_edition,
)

# No deadline: the time of an example depends on the machine's load.
hypothesis.settings.register_profile("fleetgauge", deadline=None)
hypothesis.settings.load_profile("fleetgauge")

# Here, because plugins must register their options before `tests/faults/` is collected.
pytest_plugins = ["tests.community.plugin", "tests.faults.plugin"]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removes a developer's FLEETGAUGE_… variables."""
    for name in [name for name in os.environ if name.startswith("FLEETGAUGE_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _logs_as_found() -> Iterator[None]:
    """Restores logging after a test that runs a command."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The broker and the database server of the whole test run."""
    with running_stack() as found:
        yield found


@pytest.fixture
def empty_database(stack: Stack) -> Iterator[str]:
    """The URL of a database without any migration."""
    with created_database(stack.database_url, f"test_{uuid4().hex[:16]}") as url:
        yield url


@pytest.fixture
def database(empty_database: str) -> str:
    """The URL of a migrated database that only this test uses."""
    migrate(empty_database)
    return empty_database


@pytest.fixture
def topics() -> Topics:
    """Names of topics that only this test uses; they do not exist yet."""
    mark = uuid4().hex[:12]
    return Topics(f"test-{mark}.samples", f"test-{mark}.events", f"test-{mark}.deadletter")


HERE = Path(__file__).parent
LONG = [
    HERE / line
    for line in (HERE / "long.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


@cache
def _place(module: Path) -> int:
    """The first entry of LONG that is this module or a folder above it; its length without one."""
    above = {module, *module.parents}
    return next((place for place, path in enumerate(LONG) if path in above), len(LONG))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks tests with their folder under `tests/`; long modules get a mark too, and come first."""
    items.sort(key=lambda item: _place(item.path))
    for item in items:
        rung = item.path.relative_to(HERE).parts[0]
        if _place(item.path) < len(LONG):
            item.add_marker("long")
        if rung in {"integration", "community", "acceptance", "faults"}:
            item.add_marker(rung)
        # With PostgreSQL in WebAssembly the edition need not be checked.
        if rung == "community" and NAMED_DATABASE is not None:
            item.add_marker(pytest.mark.edition("community"))


# Before fixtures of any scope.
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a test that is marked for another edition than the database server's."""
    marker = item.get_closest_marker("edition")
    if marker and server_edition() is not Edition(marker.args[0]):
        pytest.skip(f"for TimescaleDB's {marker.args[0]} edition")

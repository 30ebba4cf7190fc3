"""A sample field that is added by the steps of its page is in `historical`."""

import asyncio
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.gauges import with_gauge
from tests.support.markdown import blocks, text_of
from tests.support.process import run
from tests.support.serve_process import holder
from tests.support.stack import Stack, Topics, environment, free_port, inherited_environment
from tests.support.steps import apply_diff, copy_repository
from tests.support.waiting import until

PAGE = "docs/developers/sample-field.md"
COLUMNS = "tests/unit/sql/test_columns.py"
OF_THE_SCHEMA = [
    "test_the_table_of_samples_has_the_numbers_of_a_sample",
    "test_each_level_has_the_sums",
]
# `alter table if exists` and the levels are the Apache edition's.
pytestmark = pytest.mark.edition("apache")


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A copy of the repository with the page's steps applied."""
    folder = tmp_path / "copy"
    copy_repository(folder)
    for block in blocks(PAGE, "diff"):
        apply_diff(folder, block)
    (migration,) = blocks(PAGE, "sql")
    add_migration(folder, migration.text)
    for name in re.findall(r"^- `(sql/.+\.sql)`$", text_of(PAGE), re.MULTILINE):
        file = folder / name
        file.write_text(with_gauge(file.read_text(encoding="utf-8"), "queue_depth"))
    return folder


def add_migration(folder: Path, text: str) -> None:
    name = text.splitlines()[0].removeprefix("-- ")
    numbers = [int(file.name[:4]) for file in (folder / name).parent.glob("*.sql")]
    (folder / name.replace("NNNN", f"{max(numbers) + 1:04}")).write_text(text)


@pytest.fixture
def variables(changed: Path, empty_database: str, stack: Stack, topics: Topics) -> dict[str, str]:
    own = {"PYTHONPATH": str(changed), "FLEETGAUGE_METRICS_PORT": str(free_port())}
    return environment(empty_database, stack, topics, **own)


def sample(age: timedelta, depth: float) -> str:
    ts = (datetime.now(UTC) - age).isoformat()
    fields = {"userId": "ada", "agentId": "a1", "ts": ts, "messages": 1, "errors": 0}
    return json.dumps({"type": "sample", **fields, "queueDepth": depth})


def test_a_field_that_is_added_is_in_historical(changed: Path, variables: dict[str, str]) -> None:
    program = [sys.executable, str(changed / "fleetgauge.py")]
    subprocess.run([*program, "migrate"], env=variables, check=True, capture_output=True)
    # The older one is from before the watermark, and so goes into all levels as it is stored.
    events = [sample(timedelta(days=2), 6.5), sample(timedelta(), 4)]
    serve = {"FLEETGAUGE_HTTP_PORT": "0", "FLEETGAUGE_ANSWER_CACHE_MS": "0"}
    with (
        run([*program, "ingest"], variables) as ingest,
        run([*program, "serve"], {**variables, **serve}) as serving,
    ):
        ingest.await_line('"claimed"')
        sent = [*program, "emit", "event", *events]
        subprocess.run(sent, env=variables, check=True, capture_output=True)
        url = json.loads(serving.await_line('"listening"'))["address"]
        points = asyncio.run(awaited_points(f"{url}/api/metrics/ada/historical?range=7d"))
    assert [point["queueDepth"] for point in points] == [6.5, 4.0]


def test_the_page_leaves_no_list_out(changed: Path) -> None:
    # Those of sql/schema.sql wait for `make schema`.
    waiting = [f"--deselect={COLUMNS}::{name}" for name in OF_THE_SCHEMA]
    command = [sys.executable, "-m", "pytest", "-q", *waiting, COLUMNS]
    variables = {**inherited_environment(), "PYTHONPATH": str(changed)}
    done = subprocess.run(command, cwd=changed, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


async def awaited_points(url: str) -> list[dict[str, Any]]:
    """The points once both samples are in them."""
    async with httpx.AsyncClient(headers=holder("ada")) as client:

        async def both() -> list[dict[str, Any]]:
            answer = (await client.get(url)).raise_for_status()
            points: list[dict[str, Any]] = answer.json()["metrics"]
            return points if len(points) == 2 else []

        return await until(both, "two points", 60)

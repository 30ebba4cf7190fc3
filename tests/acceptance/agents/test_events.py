"""The examples of docs/agents/events.md, by the command, Node and Go, are stored."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from schemas.events import Event
from tests.support.markdown import blocks
from tests.support.npm import FOLDER as NODE_MODULES
from tests.support.npm import package
from tests.support.process import fleetgauge
from tests.support.producers import FOLDER
from tests.support.serve_process import Serving, holder, served
from tests.support.stack import Stack, Topics, created_database, environment, free_port
from tests.support.waiting import until

PAGE = "docs/agents/events.md"
# By the definitions of the summary, of one event each.
SUMMARY = {
    "revenue": ("€12.50", {"month": 1250, "total": 1250, "decimals": 2}),
    "bookings": {"completed": 1, "pending": 0, "conversion": "100.0%"},
    "fans": {"superfans": 1, "casual": 0, "new": 0},
    "streams": (1, 2),
    "skills": (1, 1),
}


@pytest.fixture(scope="module")
def variables(stack: Stack) -> Iterator[dict[str, str]]:
    """Settings of a migrated database and topics, with an ingest that runs."""
    mark = uuid4().hex[:12]
    topics = Topics(f"test-{mark}.samples", f"test-{mark}.events", f"test-{mark}.deadletter")
    with created_database(stack.database_url, f"test_{mark}") as database:
        port = str(free_port())
        env = environment(database, stack, topics, FLEETGAUGE_METRICS_PORT=port)
        with fleetgauge(env, "migrate") as migration:
            assert migration.await_exit() == 0, migration.output
        with fleetgauge(env, "ingest") as ingest:
            ingest.await_line('"claimed"')
            yield env


@pytest.fixture(scope="module")
def serving(variables: dict[str, str]) -> Iterator[Serving]:
    with served(variables, FLEETGAUGE_ANSWER_CACHE_MS="0") as found:
        yield found


def by_command(user: str, _: Path) -> list[list[str]]:
    text = blocks(PAGE, "sh")[0].text.replace('"ada"', f'"{user}"')
    written = re.findall(r"^fleetgauge emit event '(.*)'$", text, re.M)
    return [[sys.executable, "-m", "fleetgauge", "emit", "event", one] for one in written]


def by_node(user: str, folder: Path) -> list[list[str]]:
    package("@platformatic/kafka")
    (folder / "node_modules").symlink_to(NODE_MODULES)
    program = shutil.copy(FOLDER / "events_with_node.mjs", folder)
    return [["node", str(program), user]]


def by_go(user: str, _: Path) -> list[list[str]]:
    if shutil.which("go") is None:
        pytest.skip("no go here")
    return [["go", "run", "-C", str(FOLDER / "go"), "./events", user]]


WAYS = {"command": by_command, "node": by_node, "go": by_go}


@pytest.mark.parametrize("way", WAYS)
async def test_all_seven_are_stored(
    way: str, variables: dict[str, str], serving: Serving, tmp_path: Path
) -> None:
    user = f"by-{way}"
    for words in WAYS[way](user, tmp_path):
        await asyncio.to_thread(run_well, words, variables)

    async with httpx.AsyncClient(base_url=serving.url, headers=holder("ops", "platform")) as client:

        async def summary() -> object:
            return found((await client.get(f"/api/metrics/{user}/summary")).json())

        async def is_stored() -> bool:
            return await summary() == SUMMARY

        async def is_counted() -> bool:
            """The failed agent and the deployment: the platform's figures follow seconds later."""
            platform = (await client.get("/api/metrics")).json()["metrics"]
            failed: int = platform["agents"]["failed"]
            return bool(platform["deployments"]["successful"] == failed >= 1)

        await until(is_stored, f"the summary of {user}", 60)
        await until(is_counted, "the platform's figures", 60)


def run_well(words: list[str], variables: dict[str, str]) -> None:
    done = subprocess.run(words, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def found(summary: dict[str, dict[str, object]]) -> dict[str, object]:
    return {
        "revenue": (summary["revenue"]["month"], summary["revenue"]["minorUnits"]),
        "bookings": summary["bookings"],
        "fans": summary["fans"]["segmentation"],
        "streams": (summary["streams"]["monthlyListeners"], summary["streams"]["monthlyStreams"]),
        "skills": (summary["skills"]["active"], summary["skills"]["total"]),
    }


def test_every_event_but_samples_is_on_the_page() -> None:
    written = re.findall(r"emit event '(.*)'$", blocks(PAGE, "sh")[0].text, re.M)
    kinds = {kind.__struct_config__.tag for kind in Event.__args__}
    assert {json.loads(one)["type"] for one in written} == kinds - {"sample"}

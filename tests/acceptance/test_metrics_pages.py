"""The operators' pages have every metric of ours that running processes export, and no other.

Without a broker and a database: metrics are exported from the start.
"""

import re
from pathlib import Path
from typing import Final

import httpx

from tests.support.ingest_process import ingest_process
from tests.support.serve_process import served
from tests.support.stack import REPOSITORY, Stack, Topics, environment
from tests.support.waiting import until

PAGES: Final = REPOSITORY / "docs" / "operators"
ROW: Final = re.compile(r"^\| `(fleetgauge_\w+)` \|.*\|.*\|.*\| (?P<then>.+) \|$", re.M)
FAMILY: Final = re.compile(r"^# TYPE (?P<name>fleetgauge_\w+) (?P<type>\w+)$", re.M)
NOWHERE: Final = "127.0.0.1:1"
VARIABLES: Final = environment(
    f"postgresql://nobody:x@{NOWHERE}/nothing",
    Stack(NOWHERE, ""),
    Topics("samples", "events", "deadletter"),
)


def on_the_page(name: str) -> set[str]:
    """Its metrics, each of which has words on what to do."""
    return {row[1] for row in ROW.finditer((PAGES / name).read_text(encoding="utf-8"))}


def metric_names(text: str) -> set[str]:
    """Ours, without the `_created` times that the library adds for each counter."""
    return {found["name"] for found in FAMILY.finditer(text) if "_created" not in found["name"]}


async def test_ingest(tmp_path: Path) -> None:
    async with ingest_process(VARIABLES, tmp_path / "log") as ingest, httpx.AsyncClient() as client:

        async def scrape() -> str:
            try:
                answer = await client.get(f"http://127.0.0.1:{ingest.port}/metrics")
            except httpx.ConnectError:
                return ""
            return answer.text

        text = await until(scrape, "ingest's metrics", 60)
    assert metric_names(text) == on_the_page("ingest.md") != set()


def test_serve() -> None:
    with served(VARIABLES) as serving, serving.client() as client:
        text = client.get("/metrics").text
    assert metric_names(text) == on_the_page("serve.md") != set()

"""`make screenshots`: the documentation's pictures, of a simulated fleet on the real stack."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple
from uuid import uuid4

import httpx
from playwright.sync_api import Browser, ViewportSize, expect

from tests.support.browser.chromium import chromium, executable
from tests.support.process import PATIENCE_S, fleetgauge
from tests.support.service import bearer, token
from tests.support.stack import (
    REPOSITORY,
    Topics,
    created_database,
    environment,
    free_port,
    running_stack,
)

FOLDER: Final = REPOSITORY / "docs" / "images"
FLEET: Final = ("emit", "fleet", "--agents", "50", "--users", "5", "--incident", "--backfill")
USERS: Final = tuple(f"user-{number}" for number in range(1, 6))
NEARLY_ALL: Final = 47


class Picture(NamedTuple):
    """A file and what it shows; `{failed}` in a view is the agent that failed last."""

    file: str
    view: str
    scheme: Literal["light", "dark"]
    sections: int
    height: int


PICTURES: Final = (
    Picture("platform.png", "#/platform", "light", 5, 1_560),
    Picture("user.png", f"#/users/{USERS[0]}?range=24h", "dark", 5, 1_180),
    Picture("agent.png", "#/users/{failed}?range=7d", "light", 3, 1_500),
)


def main() -> None:
    """Writes the pictures."""
    path = executable()
    if path is None:
        sys.exit("no Chromium here: install the package chromium")
    FOLDER.mkdir(exist_ok=True)
    with simulated() as address, chromium(path) as browser:
        failed = newest_failure(address)
        for picture in PICTURES:
            take(browser, address, picture, failed)


@contextmanager
def simulated() -> Iterator[str]:
    """The address of the service, over 30 days of a simulated fleet that still sends."""
    mark = uuid4().hex[:12]
    topics = Topics(f"test-{mark}.samples", f"test-{mark}.events", f"test-{mark}.deadletter")
    with ExitStack() as parts:
        stack = parts.enter_context(running_stack())
        database = parts.enter_context(created_database(stack.database_url, f"test_{mark}"))
        ports = {f"FLEETGAUGE_{name}_PORT": str(free_port()) for name in ("HTTP", "METRICS")}
        variables = environment(database, stack, topics, **ports)
        for words in (("migrate",), (*FLEET, "30d", "--duration", "0s")):
            with fleetgauge(variables, *words) as process:
                assert process.await_exit() == 0, process.output
        for live in (("ingest",), (*FLEET, "15m")):
            parts.enter_context(fleetgauge(variables, *live))
        service = parts.enter_context(fleetgauge(variables, "serve"))
        address: str = json.loads(service.await_line('"listening"'))["address"]
        await_whole(address)
        yield address


def await_whole(address: str) -> None:
    """Waits until all users have history and nearly all agents are active."""
    deadline = time.monotonic() + PATIENCE_S
    with reader(address) as client:
        while not is_whole(client):
            assert time.monotonic() < deadline, client.get("").text
            time.sleep(0.5)


def reader(address: str) -> httpx.Client:
    """A client of the service with a platform token."""
    headers = bearer(token("platform", "platform", datetime.now(UTC)))
    return httpx.Client(base_url=f"{address}/api/metrics", headers=headers)


def newest_failure(address: str) -> str:
    """The agent that needs attention first, as in the page's addresses."""
    with reader(address) as client:
        (agent,) = client.get("/agents", params={"limit": 1}).json()["agents"]
    return f"{agent['userId']}/agents/{agent['agentId']}"


def is_whole(client: httpx.Client) -> bool:
    """Whether the service answers with complete data, no longer catching up."""
    answers = [client.get(f"/{user}/historical") for user in USERS]
    platform = client.get("")
    if not all(answer.is_success for answer in (*answers, platform)):
        return False
    metrics = platform.json()["metrics"]
    if metrics["agents"]["active"] < NEARLY_ALL or metrics["uptime"]["averageAgentUptime"] == 0:
        return False
    return all(len(answer.json()["metrics"]) == 24 for answer in answers)


def take(browser: Browser, address: str, picture: Picture, failed: str) -> None:
    """Takes one picture, as wide as a small notebook screen, from the top of the view."""
    signed = token("platform", "platform", datetime.now(UTC))
    size: ViewportSize = {"width": 1180, "height": picture.height}
    context = browser.new_context(viewport=size, reduced_motion="reduce")
    page = context.new_page()
    page.emulate_media(color_scheme=picture.scheme)
    page.goto(f"{address}/{picture.view.format(failed=failed)}")
    page.get_by_label("Token").fill(signed)
    page.keyboard.press("Enter")
    expect(page.locator("[data-state=shown]")).to_have_count(picture.sections)
    page.screenshot(path=FOLDER / picture.file)
    context.close()


if __name__ == "__main__":
    main()

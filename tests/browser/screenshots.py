"""`make screenshots`: the pictures in the documentation, of a simulated fleet on the real parts."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import httpx
from playwright.sync_api import Browser, expect

from tests.browser.chromium import chromium, executable
from tests.process import PATIENCE_S, fleetgauge
from tests.service import bearer, token
from tests.stack import (
    REPOSITORY,
    Topics,
    created_database,
    environment,
    free_port,
    running_stack,
)

FOLDER: Final = REPOSITORY / "docs" / "images"
FLEET: Final = ("emit", "fleet", "--agents", "50", "--users", "5", "--backfill")
USERS: Final = tuple(f"user-{number}" for number in range(1, 6))
NEARLY_ALL: Final = 47
# file, view, colours, how many sections
PICTURES: Final = (
    ("platform.png", "#/platform", "light", 1),
    ("user.png", f"#/users/{USERS[0]}?range=24h", "dark", 3),
)


def main() -> None:
    """Writes the pictures."""
    path = executable()
    if path is None:
        sys.exit("no Chromium here: install the package chromium")
    FOLDER.mkdir(exist_ok=True)
    with simulated() as address, chromium(path) as browser:
        for picture in PICTURES:
            take(browser, address, *picture)


@contextmanager
def simulated() -> Iterator[str]:
    """The address of the service over 30 days of a fleet, which is live."""
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
    """Returns when all users' history is there and nearly all agents go on."""
    deadline = time.monotonic() + PATIENCE_S
    headers = bearer(token("platform", "platform", datetime.now(UTC)))
    with httpx.Client(base_url=f"{address}/api/metrics", headers=headers) as client:
        while not is_whole(client):
            assert time.monotonic() < deadline, client.get("").text
            time.sleep(0.5)


def is_whole(client: httpx.Client) -> bool:
    """Whether the service answers, and what it tells is no longer catching up."""
    answers = [client.get(f"/{user}/historical") for user in USERS]
    platform = client.get("")
    if not all(answer.is_success for answer in (*answers, platform)):
        return False
    active: int = platform.json()["metrics"]["agents"]["active"]
    return active >= NEARLY_ALL and all(len(answer.json()["metrics"]) == 24 for answer in answers)


def take(browser: Browser, address: str, file: str, view: str, scheme: str, sections: int) -> None:
    """One picture: as wide as a small notebook, as high as the view."""
    signed = token("platform", "platform", datetime.now(UTC))
    context = browser.new_context(viewport={"width": 1180, "height": 640}, reduced_motion="reduce")
    page = context.new_page()
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(f"{address}/{view}")
    page.get_by_label("Token").fill(signed)
    page.keyboard.press("Enter")
    expect(page.locator("[data-state=shown]")).to_have_count(sections)
    page.screenshot(path=FOLDER / file, full_page=True)
    context.close()


if __name__ == "__main__":
    main()

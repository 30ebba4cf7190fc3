"""The image: the Dockerfile's steps carried out in root folders, and what runs there."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.integration.deploy import compose
from tests.integration.deploy.image import DOCKERFILE, Stage, build, instructions
from tests.integration.deploy.test_compose import ALL, VARIABLES
from tests.support.stack import Stack, Topics, environment, free_port
from tests.support.waiting import until

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="root folders need root"),
    # It installs Debian's packages and Python's, once for the file.
    pytest.mark.timeout(900),
]
# The variable that moves a command's port, and the port in its health check.
PORTS = {"serve": ("FLEETGAUGE_HTTP_PORT", "8080"), "ingest": ("FLEETGAUGE_METRICS_PORT", "9464")}


@pytest.fixture(scope="module")
def image() -> Iterator[Stage]:
    with TemporaryDirectory() as folder:
        yield build(Path(folder))


def settings(database: str, stack: Stack, topics: Topics) -> dict[str, str]:
    """What a container is given of these: Fleetgauge's settings, and nothing of this machine."""
    given = environment(database, stack, topics)
    return {name: value for name, value in given.items() if name.startswith("FLEETGAUGE_")}


@contextmanager
def running(image: Stage, command: str, env: dict[str, str]) -> Iterator[None]:
    """A command of Fleetgauge in the image, ended by SIGTERM, with status 0."""
    words = image.command([*image.entrypoint, command])
    with subprocess.Popen(words, env=image.env | env) as process:
        try:
            yield
        finally:
            process.terminate()
    assert process.returncode == 0


def test_its_base_is_the_debian_that_stands_for_it() -> None:
    base = next(rest for name, rest in instructions(DOCKERFILE.read_text()) if name == "FROM")
    assert base.startswith("debian:13.")


def test_it_runs_fleetgauge_as_nobody_in_particular(image: Stage) -> None:
    result = image.run(*image.entrypoint, "--version")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("fleetgauge, version ")
    assert image.run("id", "-u").stdout.strip() == "10001"


def test_its_user_can_change_nothing_of_it(image: Stage) -> None:
    places = ("/opt", "/usr", "/etc", "/bin", "/sbin", "/lib")
    found = image.run("find", *places, "-writable", "-not", "-type", "l")
    assert found.stdout == ""


@pytest.mark.parametrize("command", PORTS)
async def test_it_migrates_and_its_health_checks_work(
    image: Stage, command: str, empty_database: str, stack: Stack, topics: Topics
) -> None:
    env = settings(empty_database, stack, topics)
    migrated = image.run(*image.entrypoint, "migrate", **env)
    assert migrated.returncode == 0, migrated.stderr
    variable, port = PORTS[command]
    own = str(free_port())
    service = compose.config(ALL, VARIABLES)["services"][command]
    check = [word.replace(port, own) for word in service["healthcheck"]["test"][1:]]

    async def healthy() -> bool:
        return image.run(*check).returncode == 0

    assert not await healthy()
    with running(image, command, env | {variable: own}):
        await until(healthy, "health", 60)
    assert not await healthy()

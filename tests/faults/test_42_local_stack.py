"""The local stack beside others: a port taken in between, a twin that starts at the same time."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from deploy.local import docker
from deploy.local.cluster import cluster_at
from deploy.local.environment import parse
from deploy.local.instance import Instance, InstanceRecord
from tests.support.fake_broker import CLUSTER, answer, answering, framed
from tests.support.stack import REPOSITORY

STACK = REPOSITORY / "deploy" / "local" / "stack.py"
CACHE = REPOSITORY / ".stack" / "cache"
# Detects a hang; a busy machine stays below it.
PATIENCE_S = 120.0

pytestmark = [
    pytest.mark.fault(42, "the local stack beside others"),
    pytest.mark.skipif(docker.answers(), reason="races of the native way"),
]


class Clone:
    """A folder with its own instance, removed at the end."""

    def __init__(self, folder: Path, cache: Path = CACHE) -> None:
        self.folder = folder
        self._cache = cache

    def up(self) -> subprocess.Popen[str]:
        """`stack.py up`, as a process."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self._words("up", "--cache", str(self._cache)), stdout=pipe, stderr=pipe, text=True
        )

    def clean(self) -> None:
        subprocess.run(self._words("clean"), stdout=subprocess.DEVNULL, check=True)

    def _words(self, command: str, *words: str) -> list[str]:
        return [sys.executable, str(STACK), command, "--dir", str(self.folder), *words]

    @property
    def kept(self) -> InstanceRecord:
        return InstanceRecord(**json.loads((self.folder / "instance.json").read_text()))

    def assert_own(self) -> None:
        """Both servers that the settings lead to are the ones of this folder."""
        kept = self.kept
        settings = parse((self.folder / "env").read_text())
        port = int(settings["FLEETGAUGE_KAFKA_BOOTSTRAP"].rpartition(":")[2])
        assert cluster_at(port) == kept.cluster_id
        # Its password is of this instance alone.
        with psycopg.connect(settings["FLEETGAUGE_DATABASE_URL"]) as connection:
            found = connection.execute("select system_identifier from pg_control_system()")
            assert found.fetchone() == (int(kept.system_identifier),)


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What a process that must end well has printed."""
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, out + err
    return out, err


def await_path(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Callable[..., Clone]]:
    """Makes clones by name; each may share the downloads or have its own cache."""
    with ExitStack() as at_the_end:

        def make(name: str, cache: Path = CACHE) -> Clone:
            made = Clone(tmp_path / name, cache)
            at_the_end.callback(made.clean)
            return made

        yield make


def test_ports_taken_between_the_choice_and_the_servers_start(
    clone: Callable[..., Clone],
) -> None:
    made = clone("one")
    starting = made.up()
    # From here on the ports are chosen, and neither server listens yet.
    await_path(made.folder / "kafka" / "server.properties", starting)
    chosen = made.kept.ports
    with ExitStack() as taken:
        # Another cluster's broker: it answers while ours is still about to fail.
        taken.enter_context(answering(chosen["kafka"], framed(answer(CLUSTER))))
        taken.enter_context(socket.create_server(("127.0.0.1", chosen["database"])))
        out, _ = ended(starting)
        made.assert_own()
    for part in ("kafka", "database"):
        assert made.kept.ports[part] != chosen[part]
        taken_by = f"{part}: port {chosen[part]} is taken by process {os.getpid()} ("
        assert taken_by in out


def test_twins_that_choose_the_same_ports_at_the_same_time(
    clone: Callable[..., Clone], tmp_path: Path
) -> None:
    twins = []
    for name in ("one", "two"):
        # Another clone's downloads: no lock is shared.
        cache = tmp_path / f"{name}-cache"
        cache.mkdir()
        for download in CACHE.iterdir():
            if download.is_dir():
                (cache / download.name).symlink_to(download)
        twin = clone(name, cache)
        twin.folder.mkdir()
        wanted = {"kafka": 17_092, "controller": 17_093, "database": 17_432}
        Instance(twin.folder, InstanceRecord("native", str(cache), ports=wanted)).save()
        twins.append(twin)
    for starting in [twin.up() for twin in twins]:
        ended(starting)
    for twin in twins:
        twin.assert_own()
    assert len({port for twin in twins for port in twin.kept.ports.values()}) == 6


async def test_up_twice_in_one_clone(clone: Callable[..., Clone]) -> None:
    made = clone("one")
    first = made.up()
    await_path(made.folder / "instance.json", first)
    second = made.up()
    outputs = await asyncio.gather(*[asyncio.to_thread(ended, each) for each in (first, second)])
    # It may have waited for other starts on this machine too.
    waited = f"waiting for process {first.pid}, which holds {made.folder}/lock\n"
    assert waited in outputs[1][1]
    made.assert_own()

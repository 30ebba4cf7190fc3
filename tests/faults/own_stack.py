"""A broker and a database that nobody else uses, to be stopped and started."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiokafka import TopicPartition

from deploy.local.environment import parse
from tests.support.stack import REPOSITORY, Stack

DOOR = REPOSITORY / "deploy" / "local" / "stack.py"


class OwnStack:
    """One instance of the local stack."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def do(self, command: str, *words: str) -> None:
        call: list[str | Path] = [sys.executable, DOOR, command, "--dir", self._folder, *words]
        subprocess.run(call, check=True, stdout=subprocess.DEVNULL)

    async def stop(self, part: str, mode: str = "fast") -> None:
        await asyncio.to_thread(self.do, "stop", part, "--mode", mode)

    async def start(self, part: str) -> None:
        await asyncio.to_thread(self.do, "start", part)

    @property
    def home(self) -> Path:
        """Where the database server's files are."""
        return (self._folder / "logs" / "database").resolve().parent

    def segment(self, partition: TopicPartition) -> Path:
        """The first file of a partition's log on the broker's disk."""
        log = f"{partition.topic}-{partition.partition}"
        return self._folder / "kafka" / "data" / log / f"{0:020}.log"

    @property
    def broker_data(self) -> Path:
        """Where the broker's files are, a folder a partition."""
        return (self._folder / "kafka" / "data").resolve()

    @property
    def superuser_url(self) -> str:
        kept = json.loads((self._folder / "instance.json").read_text(encoding="utf-8"))
        password, port = kept["superuser_password"], kept["ports"]["database"]
        return f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"

    @property
    def stack(self) -> Stack:
        values = parse((self._folder / "env").read_text(encoding="utf-8"))
        return Stack(values["FLEETGAUGE_KAFKA_BOOTSTRAP"], values["FLEETGAUGE_DATABASE_URL"])


@contextmanager
def own_stack(folder: Path) -> Iterator[OwnStack]:
    """Up within, and gone with its data afterwards."""
    own = OwnStack(folder)
    try:
        own.do("up", "--cache", os.fspath(REPOSITORY / ".stack" / "cache"))
        yield own
    finally:
        own.do("clean")

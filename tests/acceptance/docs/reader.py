"""A reader who follows one page, and what is there when they begin."""

import os
import re
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from deploy.local.environment import render
from tests.acceptance.docs.shell import Shell, opened
from tests.support.markdown import Block, blocks
from tests.support.process import fleetgauge
from tests.support.stack import (
    REPOSITORY,
    SECRET,
    Stack,
    Topics,
    created_database,
    environment,
    free_port,
)

NOT_RUN: Final = re.compile(r"not run: (.+)")
RUNS_ON: Final = re.compile(r"runs on: (.+)")
STATUS: Final = re.compile(r"exit status: (\d+)")
# For separate tests, which know what it names.
WHILE: Final = re.compile(r"while: (.+)")
# A reader's curl reports errors by its exit status, so that they are seen.
CURLRC: Final = "fail-with-body\nsilent\nshow-error\n"


@dataclass(frozen=True)
class Place:
    """Settings, and for each address that pages write the one it has here."""

    variables: dict[str, str]
    addresses: dict[str, str]

    def here(self, text: str) -> str:
        """A block's text with this place's addresses."""
        for written, actual in self.addresses.items():
            text = text.replace(written, actual)
        return text


@dataclass
class World:
    """The test stack, and on it the place that all pages are followed in."""

    stack: Stack
    folders: pytest.TempPathFactory
    opened: ExitStack

    @cached_property
    def running(self) -> Place:
        """A migrated database and topics, `ingest` and `serve`."""
        place = self._empty()
        with fleetgauge(place.variables, "migrate") as migration:
            assert migration.await_exit() == 0, migration.output
        for command, ready_line in (("ingest", '"claimed"'), ("serve", '"listening"')):
            self.opened.enter_context(fleetgauge(place.variables, command)).await_line(ready_line)
        # For an ingest that a page starts beside this one.
        return replace(
            place,
            variables={**place.variables, "FLEETGAUGE_METRICS_PORT": str(free_port())},
        )

    def _empty(self) -> Place:
        """A database without any migration, names of topics that nobody has made, free ports."""
        mark = uuid4().hex[:12]
        made = created_database(self.stack.database_url, f"test_{mark}")
        database = self.opened.enter_context(made)
        topics = Topics(f"docs-{mark}.samples", f"docs-{mark}.events", f"docs-{mark}.deadletter")
        http, metrics = free_port(), free_port()
        return Place(
            environment(
                database,
                self.stack,
                topics,
                FLEETGAUGE_HTTP_PORT=str(http),
                FLEETGAUGE_METRICS_PORT=str(metrics),
                HOME=str(self._home()),
                PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            ),
            {
                "127.0.0.1:8080": f"127.0.0.1:{http}",
                "127.0.0.1:9464": f"127.0.0.1:{metrics}",
                "127.0.0.1:9092": self.stack.kafka_bootstrap,
                "127.0.0.1:5432": urlsplit(database).netloc.rpartition("@")[2],
            },
        )

    def clone(self) -> Path:
        """A folder with what a clone has where the demo runs; a page may leave files in it."""
        folder = self.folders.mktemp("clone")
        for entry in REPOSITORY.iterdir():
            if entry.name not in {".git", ".stack"}:
                (folder / entry.name).symlink_to(entry)
        stack = folder / ".stack"
        stack.mkdir()
        names = ("FLEETGAUGE_KAFKA_BOOTSTRAP", "FLEETGAUGE_DATABASE_URL")
        (stack / "env").write_text(render({name: self.running.variables[name] for name in names}))
        (stack / "jwt-secret").write_text(SECRET)
        return folder

    def _home(self) -> Path:
        home = self.folders.mktemp("home")
        (home / ".curlrc").write_text(CURLRC)
        return home


class Reader:
    """Follows a page from its first block on, each once, in the page's order."""

    def __init__(self, page: str, world: World) -> None:
        self._page = page
        self._world = world
        self._done: set[Block] = set()

    def follow(self, block: Block) -> None:
        """Runs this block, and first those before it that nobody has run; or skips, saying why."""
        if reason := mark_value(NOT_RUN, block):
            pytest.skip(f"{block}: {reason}")
        for one in blocks(self._page, "sh"):
            if one not in self._done and not mark_value(NOT_RUN, one):
                self._done.add(one)
                self._run(one)
            if one == block:
                return

    def _run(self, block: Block) -> None:
        assert not mark_value(WHILE, block), "a page with states needs a separate test"
        text = self._world.running.here(block.text)
        if words := mark_value(RUNS_ON, block):
            self._shell.leave_running(text, words)
        else:
            self._shell.run(text, int(mark_value(STATUS, block) or 0))

    @cached_property
    def _shell(self) -> Shell:
        shell = opened(self._world.running.variables, self._world.clone())
        return self._world.opened.enter_context(shell)


def mark_value(mark: re.Pattern[str], block: Block) -> str | None:
    """The value of the block's mark of this kind, or None; ValueError for an unknown mark."""
    if block.note is None:
        return None
    if not any(known.fullmatch(block.note) for known in (NOT_RUN, RUNS_ON, STATUS, WHILE)):
        raise ValueError(f"{block}: {block.note!r} is no mark; see {__name__}")
    found = mark.fullmatch(block.note)
    return found[1] if found else None

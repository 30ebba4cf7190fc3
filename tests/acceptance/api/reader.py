"""Somebody who follows docs/api.md from its first command on, and keeps what came of each."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.acceptance.api.site import Site
from tests.acceptance.docs.reader import STATUS, mark_value
from tests.acceptance.docs.shell import Shell, opened
from tests.support.examples import PAGE, Example, examples
from tests.support.markdown import Block, blocks
from tests.support.npm import package

# As the page writes it.
ADDRESS: Final = "127.0.0.1:8080"
METRICS: Final = "127.0.0.1:9465"
PROGRAM: Final = "dashboard.mts"
# curl also prints each status, unless a command has it print something else.
_CURLRC: Final = 'write-out = "%{stderr}%{http_code}\\n"\n'
# Standard output and standard error are kept apart; braces keep what a command sets.
_APART: Final = "{{\n{text}\n}} > .printed 2> .complained"


@dataclass(frozen=True)
class Done:
    """What a command wrote to standard output and to standard error."""

    printed: str
    complained: str


class Reader:
    """Runs commands in a shell, in the page's order, as far as somebody asks."""

    def __init__(self, site: Site, shell: Shell, folder: Path) -> None:
        self._site = site
        self._shell = shell
        self._folder = folder
        self._commands = [example for example in examples() if example.is_run]
        self._outcomes: dict[Example, Done] = {}

    def outcome(self, example: Example) -> Done:
        """What came of it; AssertionError where it, or one before it, did not end as stated."""
        while example not in self._outcomes:
            following = self._commands[len(self._outcomes)]
            with self._site.while_(following.state):
                self._outcomes[following] = self._follow(following.command)
        return self._outcomes[example]

    def run(self, text: str, status: int = 0) -> Done:
        """Runs a command that may be none of the page's."""
        try:
            self._shell.run(_APART.format(text=text), status)
        except AssertionError as error:
            last_output = self._kept(".printed") + self._kept(".complained")
            raise AssertionError(f"{error}\n{last_output}") from error
        return Done(self._kept(".printed"), self._kept(".complained"))

    def write(self, name: str, text: str) -> None:
        """Puts a file where the commands run."""
        (self._folder / name).write_text(text, encoding="utf-8")

    def _follow(self, command: Block) -> Done:
        text = command.text.replace(ADDRESS, self._site.address.removeprefix("http://"))
        text = text.replace(METRICS, self._site.metrics)
        return self.run(text, int(mark_value(STATUS, command) or 0))

    def _kept(self, name: str) -> str:
        return (self._folder / name).read_text(encoding="utf-8")


@contextmanager
def reading(site: Site, folder: Path) -> Iterator[Reader]:
    """A reader who has the packages and the program that the page names."""
    (folder / "node_modules").symlink_to(package("openapi-typescript").parent)
    (folder / ".curlrc").write_text(_CURLRC, encoding="utf-8")
    # The command `fleetgauge` is where the interpreter is.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with opened({**site.variables, "PATH": path, "HOME": str(folder)}, folder) as shell:
        reader = Reader(site, shell, folder)
        (program,) = blocks(PAGE, "ts")
        reader.write(PROGRAM, program.text)
        yield reader

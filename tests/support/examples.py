"""docs/api.md as examples: each command with what the page says comes of it."""

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from tests.acceptance.docs.reader import NOT_RUN, WHILE
from tests.acceptance.docs.reader import told as mark
from tests.support.markdown import Block, blocks

PAGE: Final = "docs/api.md"
_ANSWERS: Final = frozenset({"json", "http", "text"})


@dataclass(frozen=True)
class Example:
    """A command and the answer right after it; `state` is what holds meanwhile."""

    command: Block
    answer: Block | None

    def __str__(self) -> str:
        return str(self.command)

    @property
    def state(self) -> str | None:
        """What is to hold while it runs, by its name."""
        return mark(WHILE, self.command)

    @property
    def is_run(self) -> bool:
        """Whether it can be run where the test runs."""
        return mark(NOT_RUN, self.command) is None


@dataclass(frozen=True)
class Told:
    """A status, headers by their lower-case names, and the body: JSON, or None for none."""

    status: int
    headers: dict[str, str]
    body: Any


def examples() -> list[Example]:
    """All commands of the page, in their order."""
    found = blocks(PAGE)
    return [
        Example(one, after if after is not None and _follows(one, after) else None)
        for one, after in pairwise([*found, None])
        if one is not None and one.language == "sh"
    ]


def _follows(command: Block, answer: Block) -> bool:
    """Whether nothing but an empty line is between them."""
    between = answer.line - command.line - command.text.count("\n")
    return answer.language in _ANSWERS and between == 3


def told(text: str) -> Told:
    """An answer with its head, as curl -i prints it and as the page shows it."""
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.splitlines()
    fields = [line.partition(":") for line in lines]
    headers = {name.lower(): value.strip() for name, _, value in fields}
    return Told(int(first.split()[1]), headers, json.loads(body) if body.strip() else None)

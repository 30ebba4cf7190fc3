"""The examples of docs/api.md: each command with the response that the page shows."""

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from tests.acceptance.docs.reader import NOT_RUN, WHILE, mark_value
from tests.support.markdown import Block, blocks

PAGE: Final = "docs/api.md"
_ANSWERS: Final = frozenset({"json", "http", "text"})


@dataclass(frozen=True)
class Example:
    """A command and the response right after it; `state` names the state in which it runs."""

    command: Block
    answer: Block | None

    def __str__(self) -> str:
        return str(self.command)

    @property
    def state(self) -> str | None:
        """The name of the state that must hold while it runs."""
        return mark_value(WHILE, self.command)

    @property
    def is_run(self) -> bool:
        """Whether the test runs it."""
        return mark_value(NOT_RUN, self.command) is None


@dataclass(frozen=True)
class Response:
    """A status, headers by lower-case name, and the JSON body, or None if it is empty."""

    status: int
    headers: dict[str, str]
    body: Any


def examples() -> list[Example]:
    """All commands of the page, in order."""
    found = blocks(PAGE)
    return [
        Example(one, after if after is not None and _follows(one, after) else None)
        for one, after in pairwise([*found, None])
        if one is not None and one.language == "sh"
    ]


def _follows(command: Block, answer: Block) -> bool:
    """Whether only an empty line is between them."""
    between = answer.line - command.line - command.text.count("\n")
    return answer.language in _ANSWERS and between == 3


def parse_response(text: str) -> Response:
    """A response with its head, as `curl -i` prints it and the page shows it."""
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.splitlines()
    fields = [line.partition(":") for line in lines]
    headers = {name.lower(): value.strip() for name, _, value in fields}
    return Response(int(first.split()[1]), headers, json.loads(body) if body.strip() else None)

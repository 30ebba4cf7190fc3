"""The code blocks of the Markdown pages, with the invisible comment before each."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.support.stack import REPOSITORY

_COMMENT: Final = re.compile(r"<!-- (?P<words>.*?) -->", re.S)


@dataclass(frozen=True)
class Block:
    """A code block; `note` is the text of the comment right before it, or None."""

    page: str
    line: int
    language: str
    text: str
    note: str | None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[str]:
    """The path of every page, relative to the repository, without those of installed packages."""
    found: list[str] = []
    for folder, folders, files in os.walk(REPOSITORY):
        folders[:] = [name for name in folders if name[0] != "." and name != "node_modules"]
        inside = Path(folder).relative_to(REPOSITORY)
        found += [str(inside / name) for name in files if name.endswith(".md")]
    return sorted(found)


def text_of(page: str) -> str:
    """The text of a page."""
    return (REPOSITORY / page).read_text(encoding="utf-8")


def tokens(text: str) -> list[Token]:
    """The tokens of CommonMark with tables, by markdown-it."""
    return MarkdownIt("commonmark").enable("table").parse(text)


def blocks(page: str, language: str | None = None) -> list[Block]:
    """A page's code blocks in order, or those of one language (`sh`, `json`, …)."""
    found = blocks_of(page, text_of(page))
    return [block for block in found if language in (None, block.language)]


def blocks_of(page: str, text: str) -> Iterator[Block]:
    """The same for a text; the language of an indented or unmarked block is ""."""
    before: Token | None = None
    for token in tokens(text):
        if token.type in {"fence", "code_block"} and token.map:
            language = token.info.partition(" ")[0]
            yield Block(page, token.map[0] + 1, language, token.content, _note(before))
        before = token


def _note(token: Token | None) -> str | None:
    comment = _COMMENT.search(token.content) if token and token.type == "html_block" else None
    return " ".join(comment["words"].split()) if comment else None

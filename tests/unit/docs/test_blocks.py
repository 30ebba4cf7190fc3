"""Code blocks of the pages: each says what it is, and no command hides from the test of them."""

import re
from typing import Final

import pytest

from tests.acceptance.docs.reader import NOT_RUN, mark_value
from tests.acceptance.docs.test_commands import ELSEWHERE
from tests.support.markdown import Block, blocks, blocks_of, pages
from tests.support.stack import REPOSITORY

BLOCKS: Final = [block for page in pages() for block in blocks(page)]
# What a line of commands begins with, and other names for the language of such lines.
COMMANDS: Final = re.compile(
    r"(\$ |\.venv/|kafka-|(apt|apt-get|cd|curl|docker|export|fleetgauge|git|go|helm|java|"
    r"journalctl|kcat|kubectl|make|mvn|node|npm|npx|pip|psql|python3?|sudo|systemctl|uv) )"
)
SHELLS: Final = {"bash", "shell", "console", "zsh", "shell-session"}

NO_NOTE = "```sh\nmake\n```\n"
CASES = {
    NO_NOTE: Block("p", 1, "sh", "make\n", None),
    "<!-- not run: because\nof that -->\n```sh\na\nb\n```": Block(
        "p", 3, "sh", "a\nb\n", "not run: because of that"
    ),
    "<!-- far -->\n\nwords\n\n```json\n{}\n```": Block("p", 5, "json", "{}\n", None),
    "- in a list\n\n  <!-- why -->\n  ```sql\n  select 1\n  ```": Block(
        "p", 4, "sql", "select 1\n", "why"
    ),
    "words\n\n    indented": Block("p", 3, "", "indented\n", None),
    "```\nunnamed\n```": Block("p", 1, "", "unnamed\n", None),
}


@pytest.mark.parametrize("text", CASES)
def test_a_block_is_found_with_its_note(text: str) -> None:
    assert list(blocks_of("p", text)) == [CASES[text]]


def test_there_are_pages_and_commands() -> None:
    assert {"README.md", "docs/analysts.md", "deploy/systemd/README.md"} <= set(pages())
    assert len([block for block in BLOCKS if block.language == "sh"]) > 20


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_names_its_language(block: Block) -> None:
    assert block.language, "fence it, with a language: sh is followed by a test, text is not"
    assert block.language not in SHELLS, "sh is the name that is followed"


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language != "sh"], ids=str)
def test_no_other_block_is_a_command(block: Block) -> None:
    assert not COMMANDS.match(block.text)


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "sh"], ids=str)
def test_a_command_is_followed_or_says_why_not(block: Block) -> None:
    reason = mark_value(NOT_RUN, block) or ""
    for test in re.findall(r"tests/\S+\.py", reason):
        assert (REPOSITORY / test).is_file(), test
    assert "…" not in block.text or reason, "… is for the reader to fill in: it cannot be run"


def test_a_page_followed_elsewhere_is_named_there() -> None:
    for page, test in ELSEWHERE.items():
        assert page in (REPOSITORY / test).read_text(encoding="utf-8")

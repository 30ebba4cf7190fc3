"""The commands of README and docs, taken from the pages and followed as a reader follows them."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

import pytest

from tests.acceptance.docs.reader import Reader, World
from tests.support.markdown import Block, blocks, pages
from tests.support.stack import Stack

# Page: the test that follows it, with the answers that it shows.
ELSEWHERE: Final[dict[str, str]] = {
    "docs/api.md": "tests/acceptance/api/test_page.py",
    "docs/operators/backup.md": "tests/integration/test_backup.py",
}
FOLLOWED: Final = [page for page in pages() if page not in ELSEWHERE]
COMMANDS: Final = [block for page in FOLLOWED for block in blocks(page, "sh")]


@pytest.fixture(scope="module")
def readers(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Reader]]:
    """One for each page, in a separate shell."""
    with ExitStack() as opened:
        world = World(stack, tmp_path_factory, opened)
        yield {page: Reader(page, world) for page in FOLLOWED}


@pytest.mark.parametrize("block", COMMANDS, ids=str)
def test_a_command_does_what_the_page_says(block: Block, readers: dict[str, Reader]) -> None:
    readers[block.page].follow(block)

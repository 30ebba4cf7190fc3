"""Every link between pages leads somewhere, and every page is reached from docs/README.md."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from os.path import normpath
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it.token import Token

from tests.support.markdown import pages, text_of, tokens
from tests.support.stack import REPOSITORY

START: Final = "docs/README.md"
# Not a page of ours: what came with the packages that pages are made with.
FOREIGN: Final = "query/pages/vendor/"
SLUGS = {
    "## Asking fast": "asking-fast",
    "## `ingest`": "ingest",
    "## Kafka: `migrate`, `dlq`": "kafka-migrate-dlq",
    "## What a [link](x.md) says": "what-a-link-says",
    "## GET /api/{userId}": "get-apiuserid",
    "## snake_case, over-all": "snake_case-over-all",
    "## The users' business": "the-users-business",
}


@pytest.mark.parametrize("heading", SLUGS)
def test_a_heading_has_the_anchor_that_github_gives_it(heading: str) -> None:
    assert anchors_in(heading) == [SLUGS[heading]]


def test_headings_of_one_name_are_distinguished() -> None:
    assert anchors_in("## Two\n\n## Two\n\n## Two") == ["two", "two-1", "two-2"]


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page: str) -> None:
    broken = [link for link in links(page) if not leads_somewhere(page, link)]
    assert broken == []


def test_every_page_is_reached() -> None:
    reached: set[str] = set()
    ahead = [START]
    while ahead:
        page = ahead.pop()
        if page not in reached and page in pages():
            reached.add(page)
            ahead += [target(page, link)[0] for link in links(page)]
    assert {page for page in pages() if not page.startswith(FOREIGN)} - reached == set()


def leads_somewhere(page: str, link: str) -> bool:
    """Whether a link of this page, within the repository, has a file and in it the anchor."""
    path, anchor = target(page, link)
    return (REPOSITORY / path).exists() and (not anchor or anchor in anchors(path))


def target(page: str, link: str) -> tuple[str, str]:
    """The path from the repository's root, and the anchor or ""."""
    parts = urlsplit(link)
    path = normpath(PurePosixPath(page).parent / unquote(parts.path)) if parts.path else page
    return path, parts.fragment


@cache
def links(page: str) -> list[str]:
    """Links and pictures of a page that lead to no other host."""
    found = (
        str(inline.attrs.get("href") or inline.attrs.get("src"))
        for inline in inlines(text_of(page))
        if inline.type in {"link_open", "image"}
    )
    return [link for link in found if not urlsplit(link).scheme]


@cache
def anchors(page: str) -> list[str]:
    """The anchors of a page's headings; none of what is no page."""
    return anchors_in(text_of(page)) if page.endswith(".md") else []


def anchors_in(text: str) -> list[str]:
    """As GitHub makes them: lower case, no punctuation, dashes for spaces, numbered."""
    seen: Counter[str] = Counter()
    found = []
    for opening, heading in pairwise(tokens(text)):
        if opening.type == "heading_open":
            words = "".join(i.content for i in heading.children or [] if i.type != "image")
            slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            found.append(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return found


def inlines(text: str) -> Iterator[Token]:
    """What stands within the lines of a text: words, links, pictures."""
    for token in tokens(text):
        yield from token.children or []

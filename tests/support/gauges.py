"""Adds a gauge to SQL as docs/developers/sample-field.md says: to each list that has the others."""

import re
from collections.abc import Iterator
from typing import Final

# Comments and strings as a whole; what opens, closes, divides or ends a list.
_TOKEN: Final = re.compile(
    r"\n-- name: |--[^\n]*|'(?:[^']|'')*'|[(),;]|\$\$"
    r"|\b(?:from|where|group by|having|order by|on conflict|returning|window|union|limit)\b"
)
# A sum of the gauge, by its name or as it is computed from samples.
_SUM: Final = r"\b{0}_(?:samples|sum|max)\b|count\({0}\)|sum\({0}::|max\({0}\)"

Item = tuple[int, int]


def with_gauge(sql: str, new: str, like: str = "memory", beside: str = "cpu") -> str:
    """The text in which each list that has columns of both gauges ends with those of a new one.

    The new columns are written as those of `like`. Of raw columns, only COPY's lists are meant,
    which have `messages` too.
    """
    for items in sorted(_lists(sql), reverse=True, key=lambda items: items[-1][1]):
        texts = [sql[start:end].strip() for start, end in items]
        copies = _copies(texts, like, beside)
        if copies:
            start, end = items[-1]
            place = start + len(sql[start:end].rstrip())
            added = "".join(f", {copy}" for copy in copies).replace(like, new)
            sql = sql[:place] + added + sql[place:]
    return sql


def _copies(texts: list[str], like: str, beside: str) -> list[str]:
    if {like, beside, "messages"} <= set(texts):
        return [like]
    mine, other = (re.compile(_SUM.format(gauge)) for gauge in (like, beside))
    if not any(other.search(text) and not mine.search(text) for text in texts):
        return []
    return [text for text in texts if mine.search(text) and not other.search(text)]


def _lists(sql: str) -> Iterator[list[Item]]:
    """The items of each list between commas, in parentheses or in a clause."""
    open_lists: list[list[int]] = [[0]]
    for token in _TOKEN.finditer(sql):
        text = token[0].strip()
        if text == "(":
            open_lists.append([token.end()])
        elif text == ",":
            open_lists[-1].append(token.end())
        elif text == ")":
            yield _items(open_lists.pop(), token.start())
        elif not text.startswith(("--", "'")) or text == "-- name:":
            yield _items(open_lists[-1], token.start())
            open_lists[-1] = [token.end()]
    yield _items(open_lists[-1], len(sql))


def _items(starts: list[int], end: int) -> list[Item]:
    # A separate comma is between two items.
    return list(zip(starts, [*(start - 1 for start in starts[1:]), end], strict=True))

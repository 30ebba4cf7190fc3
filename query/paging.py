"""Paging through a changing list: each row that exists throughout is returned exactly once.

The sort value of a row may change between two pages and move the row across the page boundary, so
a cursor does not hold a sort value. It holds the keys of all rows shown so far, and a page has the
first of the other rows in the current order. If the keys no longer fit in a cursor, the rest of
the list follows in the order of ids, which never change; a list sorted by ids starts that way.
Decision 0022 has the reasons.
"""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from litestar.params import QueryParameter
from msgspec import Meta

from query.cursor import unusable
from query.errors import PARAMETER_HELP
from query.seen import TooMuchSeenError, pack, unpack

MAX_LIMIT: Final = 500
# Limit of the packed keys; the last page may exceed it, and the cursor must stay below its limit.
MAX_SEEN_BYTES: Final = 1_700

Limit = Annotated[
    int, QueryParameter(name="limit", ge=1, le=MAX_LIMIT, description=PARAMETER_HELP["limit"])
]
Search = Annotated[
    str | None,
    QueryParameter(
        name="search", max_length=128, pattern=r"^[^\u0000]*$", description=PARAMETER_HELP["search"]
    ),
]


class PagePosition(msgspec.Struct, frozen=True, array_like=True):
    """The start of a page: without the rows in `seen` and, in the order of ids, after `after`.

    `after` is empty in the requested order; empty ids in it sort before all others.
    """

    seen: bytes = b""
    after: tuple[Annotated[str, Meta(max_length=128, pattern=r"^[^\u0000]*$")], ...] = ()

    def keys(self) -> list[int]:
        """The keys of the rows seen; raises ValidationException (400) for invalid data."""
        try:
            return unpack(self.seen)
        except TooMuchSeenError as error:
            raise unusable() from error

    def ids(self, count: int) -> tuple[str | None, ...]:
        """The `count` ids after which the rows come; Nones if the list is not in order of ids.

        Raises ValidationException (400) for a position in another kind of list.
        """
        if self.after and len(self.after) != count:
            raise unusable()
        return self.after or (None,) * count

    def past_rows(self, keys: Sequence[int], last: tuple[str, ...]) -> "PagePosition":
        """The position after a page with these rows; `last` are the ids of the last one."""
        if self.after:
            return self.past_ids(last)
        seen = pack([*self.keys(), *keys])
        return PagePosition(seen, tuple("" for _ in last) if len(seen) > MAX_SEEN_BYTES else ())

    def past_ids(self, last: tuple[str, ...]) -> "PagePosition":
        """The next position in the order of ids."""
        return PagePosition(self.seen, last)

"""Paging through a list that changes: each row that exists throughout comes exactly once.

A value that a list is sorted by may change between two pages, and carry a row across the place
where the next page begins. So the place is no value. A cursor holds the rows shown so far, and a
page has the first of all others, in the order of the moment. Where these rows become too many for
a cursor, the rest of the list follows in the order of ids, which never change; a list that is
sorted by ids begins so. Decision 0022 says why.
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
# Of the packed rows; the last page adds to that, and the cursor has to stay below its own bound.
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
    """Where a page begins: after the rows in `seen`, and by ids, after those in `after`.

    `after` is empty while the list goes by its own order; it may hold empty ids, before all others.
    """

    seen: bytes = b""
    after: tuple[Annotated[str, Meta(max_length=128, pattern=r"^[^\u0000]*$")], ...] = ()

    def keys(self) -> list[int]:
        """The keys of the rows seen; raises ValidationException (400) where there are none such."""
        try:
            return unpack(self.seen)
        except TooMuchSeenError as error:
            raise unusable() from error

    def ids(self, count: int) -> tuple[str | None, ...]:
        """So many ids that the rows come after, Nones where it is no place by ids.

        Raises ValidationException (400) for a place in another kind of list.
        """
        if self.after and len(self.after) != count:
            raise unusable()
        return self.after or (None,) * count

    def past_rows(self, keys: Sequence[int], last: tuple[str, ...]) -> "PagePosition":
        """The next place after a page with these rows, the last of which has these ids."""
        if self.after:
            return self.past_ids(last)
        seen = pack([*self.keys(), *keys])
        return PagePosition(seen, tuple("" for _ in last) if len(seen) > MAX_SEEN_BYTES else ())

    def past_ids(self, last: tuple[str, ...]) -> "PagePosition":
        """The next place in the order of ids."""
        return PagePosition(self.seen, last)

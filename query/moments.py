"""Strict parsing of RFC 3339 times in a query string."""

import re
from datetime import UTC, datetime
from typing import Final

# Leaves room for a zone's offset and a step on either side.
FIRST_YEAR: Final = 2
LAST_YEAR: Final = 9_998
_RFC3339: Final = re.compile(
    r"(?P<seconds>[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-5][0-9])"
    r"(?P<fraction>\.[0-9]{1,9})?"
    r"(?P<offset>[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)


def moment_of(text: str) -> datetime:
    """The time in UTC, truncated to microseconds; ValueError for anything else.

    A leap second, `:60`, is not accepted, since samples cannot have one.
    """
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError("not RFC 3339")
    offset = "+00:00" if found["offset"] in "Zz" else found["offset"]
    whole = datetime.fromisoformat(found["seconds"].upper() + offset)
    if not FIRST_YEAR <= whole.year <= LAST_YEAR:
        raise ValueError("year out of range")
    fraction = (found["fraction"] or ".").ljust(7, "0")[1:7]
    return whole.astimezone(UTC).replace(microsecond=int(fraction))

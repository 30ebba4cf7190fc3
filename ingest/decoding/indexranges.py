"""Array indexes of events, as text in a dead letter's header: `3`, or `0-2,7`."""

from collections.abc import Iterable

from schemas.events import MAX_EVENTS_A_MESSAGE


def render(indexes: Iterable[int]) -> str:
    """The sorted indexes, consecutive ones as a range."""
    ranges: list[list[int]] = []
    for index in sorted(indexes):
        if ranges and index == ranges[-1][1] + 1:
            ranges[-1][1] = index
        else:
            ranges.append([index, index])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)


def parse(text: str) -> list[int]:
    """The indexes in a text from `render`; raises ValueError for any other text."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        begin, end = int(first), int(last or first)
        if not 0 <= begin <= end < begin + MAX_EVENTS_A_MESSAGE:
            raise ValueError(f"{part!r} is no range of places in an array")
        found += range(begin, end + 1)
        if len(found) > MAX_EVENTS_A_MESSAGE:
            raise ValueError(f"more than {MAX_EVENTS_A_MESSAGE} places in an array")
    return found

"""One dead letter whole: why it is one, its headers, its event, its value."""

from collections.abc import Iterator

from ingest.dlq.letter import Letter
from ingest.dlq.original import NotThereError, event_of
from ingest.dlq.text import plain, pretty, printable


def sheet(letter: Letter, *, replayed: bool) -> str:
    """All that there is to see, as lines for a terminal."""
    return "\n".join(_lines(letter, replayed=replayed))


def further(letter: Letter, *, replayed: bool) -> str:
    """What there is to see besides of another event of the same array."""
    return "\n".join(
        [
            f"event {letter.place.index} of the same value",
            f"replayed     {'yes' if replayed else 'no'}",
            _event(letter),
        ]
    )


def _lines(letter: Letter, *, replayed: bool) -> Iterator[str]:
    yield f"from         {printable(str(letter.place))}"
    yield f"dead letter  {letter.partition}:{letter.offset}, {letter.at:%Y-%m-%d %H:%M:%S.%f} UTC"
    yield f"reason       {printable(letter.reason)}"
    yield f"message      {printable(letter.detail)}"
    yield f"replayed     {'yes' if replayed else 'no'}"
    yield f"key          {plain(letter.key)}"
    for name, value in letter.headers:
        yield f"header       {printable(name)}: {plain(value)}"
    if letter.place.index is not None:
        yield f"\nevent {letter.place.index}"
        yield _event(letter)
    yield f"\nvalue, {len(letter.value or b''):,} bytes"
    yield pretty(letter, letter.value)


def _event(letter: Letter) -> str:
    try:
        return pretty(letter, event_of(letter))
    except NotThereError as error:
        return printable(str(error))

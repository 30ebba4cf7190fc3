"""What a dead letter's event was, as it is sent again."""

from functools import lru_cache

from ingest.arrays import UNUSABLE, Parts, split_json, split_msgpack
from ingest.dlq.letter import REPLAY_OF, REPLAYS, Header, Letter
from ingest.message import is_msgpack


class NotThereError(ValueError):
    """A dead letter whose event cannot be found in its message."""


def event_of(letter: Letter) -> bytes | None:
    """The bytes of the event that was refused: of an array that one alone, else the whole value.

    Raises NotThereError.
    """
    index = letter.place.index
    if index is None:
        return letter.value
    try:
        return bytes(_split(letter.value or b"", is_packed=is_msgpack(letter.headers))[index])
    except (*UNUSABLE, IndexError) as error:
        raise NotThereError(f"there is no event {index} in its message: {error}") from error


# Asked for each event of an array in turn.
@lru_cache(maxsize=1)
def _split(value: bytes, *, is_packed: bool) -> Parts:
    return split_msgpack(value) if is_packed else split_json(value)


def headers_of(letter: Letter) -> list[Header]:
    """The original's, and besides how often it has been replayed and what this is a replay of."""
    own = [(name, value) for name, value in letter.headers if name not in (REPLAYS, REPLAY_OF)]
    told = {REPLAYS: str(letter.replays + 1), REPLAY_OF: str(letter.place)}
    return own + [(name, value.encode()) for name, value in told.items()]

"""A record as it was read from Kafka, of what the library tells of it only what is used here."""

import msgspec


class Record(msgspec.Struct, gc=False):
    """`timestamp` is the broker's, in milliseconds since 1970.

    A Struct that the garbage collector passes over: a backlog makes hundreds of thousands a second.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

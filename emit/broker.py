"""The destination of events: the broker, its topics, and the format of messages."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final, get_args

import msgspec

from emit.batch import Encoding, Packer
from emit.clock import Clock
from emit.connection import connect_to
from emit.sender import ReconnectingSender
from emit.stats import DeliveryStats

# A single event has at most 8 KiB.
LEAST_MESSAGE_BYTES: Final = 16 * 1024
MOST_MESSAGE_BYTES: Final = 1024**2
MESSAGE_BYTES: Final = 512 * 1024

_ADDRESS: Final = r"[^\s,/]+:\d{1,5}"


class Broker(msgspec.Struct, frozen=True):
    """`client`: further arguments of aiokafka's AIOKafkaProducer.

    Raises ValueError that names the field and its bound.
    """

    bootstrap: str
    samples_topic: str
    events_topic: str
    encoding: Encoding = "json"
    message_max_bytes: int = MESSAGE_BYTES
    client: Mapping[str, Any] = {}

    def __post_init__(self) -> None:
        if not re.fullmatch(rf"{_ADDRESS}(\s*,\s*{_ADDRESS})*", self.bootstrap):
            raise ValueError(f"bootstrap takes host:port[,host:port…], not {self.bootstrap!r}")
        if self.encoding not in get_args(Encoding):
            raise ValueError(f"encoding takes json or msgpack, not {self.encoding!r}")
        if not LEAST_MESSAGE_BYTES <= self.message_max_bytes <= MOST_MESSAGE_BYTES:
            raise ValueError(
                f"message_max_bytes takes {LEAST_MESSAGE_BYTES} to {MOST_MESSAGE_BYTES}, "
                f"not {self.message_max_bytes!r}"
            )

    def sender(self, clock: Clock, stats: DeliveryStats) -> ReconnectingSender:
        """A sender to this broker, not yet connected."""
        packer = Packer(
            self.samples_topic, self.events_topic, self.encoding, self.message_max_bytes
        )
        connect = partial(connect_to, self.bootstrap, self.message_max_bytes, self.client)
        return ReconnectingSender(packer, connect, clock, stats)

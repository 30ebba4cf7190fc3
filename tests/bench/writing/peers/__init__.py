"""Other tools that write samples from Kafka into a hypertable, each with its own table."""

from typing import Final

from tests.bench.writing.peers import plain, quix, telegraf
from tests.bench.writing.peers.peer import Peer

PEERS: Final[tuple[Peer, ...]] = (telegraf.TELEGRAF, quix.QUIX, plain.PLAIN)

"""Others who bring samples from Kafka into a hypertable, each with a table of its own."""

from typing import Final

from tests.bench.writing.peers import plain, quix, telegraf
from tests.bench.writing.peers.peer import Peer

PEERS: Final[tuple[Peer, ...]] = (telegraf.TELEGRAF, quix.QUIX, plain.PLAIN)

"""A plain loop: aiokafka, json, `executemany`, offsets committed after the rows."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.bench.writing.peers.peer import Job, Peer

LOOP: Final = Path(__file__).with_name("plain_loop.py")


def prepare(_: Path) -> Callable[[Job], list[str]]:
    """Return the command; the loop has no prerequisites."""
    return lambda job: [
        sys.executable,
        str(LOOP),
        job.kafka_bootstrap,
        job.topic,
        job.group,
        job.url,
    ]


PLAIN: Final = Peer(
    key="plain",
    name="a plain loop",
    gives="at least once, no aggregates",
    settings=(
        "A plain loop: aiokafka, `json.loads`, psycopg's `executemany` and one transaction for "
        "up to 10,000 rows, one connection; the table is a hypertable of one-day chunks, "
        "ids as text."
    ),
    prepare=prepare,
    share=0.25,
)

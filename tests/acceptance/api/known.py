"""The rows that docs/api.md shows the answers over: a Tuesday afternoon, NOW, that stands still."""

import asyncio
from datetime import timedelta
from typing import Final

import psycopg

from tests.support.business import events_of, open_writer, store
from tests.support.fleet import happen, moment
from tests.support.rows import Row, insert, sample
from tests.support.service import NOW
from tests.support.timeline import Happening, store_happenings

SAMPLES: Final = (
    sample("alice/mail", "2026-03-10T14:34:58Z", 31.5, 62.75, 400, 1, 84.25),
    sample("alice/chat", "2026-03-10T14:34:40Z", 12.5, 40.25, 350, 0, 61.5),
    sample("alice/mail", "2026-03-10T13:20:00Z", 44.75, 63.5, 900, 4, 97),
    sample("alice/mail", "2026-03-10T06:10:00Z", 18.25, 58, 620, 0, 71.25),
    sample("alice/mail", "2026-03-08T19:45:00Z", 22.5, 60.5, 710, 2, 88),
    sample("alice/chat", "2026-02-21T10:00:00Z", 9.75, 38.5, 150, 0, 55),
    *(
        Row(f"bob/{agent}", NOW - number * timedelta(minutes=5), 50, 70, 2, 0, 120)
        for agent in ("desk", "shop", "stock")
        for number in range(1, 5_000)
    ),
)
FLEET: Final = """
    samples s1 14:00 14:25 5; sample s1 14:34 messages=120 errors=1 ms=90 used=512.5 total=2048;
    sample s2 13:00 messages=60; stopped s2 13:05; sample s3 12:00 messages=30; failed s3 12:10;
    deployment d1 09:00 succeeded; deployment d2 10:00 succeeded; deployment d3 11:00 failed s1;
    deployment d4 14:30 pending s1; beat 13:35 14:10; beat 14:12 14:34
"""
BUSINESS: Final = """
    pay 2026-03-04T10:00 84550;pay 2026-03-09T16:30 38900;pay 2026-02-05T09:00 109700;
    pay 2025-11-20T12:00 524000;pay 2026-03-06T08:15 1200 EUR;pay 2026-01-12T08:15 46800 EUR;
    book b1 2026-03-02 completed;book b2 2026-03-05 completed;book b3 2026-03-07 cancelled;
    book b4 2026-03-10T12:00 pending;
    fan f1 2026-03-09 superfan;fan f2 2026-03-03 casual;fan f3 2026-02-20 casual;
    fan f4 2026-01-15 new;
    play l1 2026-03-10T09:00 12;play l2 2026-03-01 30;play l1 2026-02-14 6;play l3 2026-01-20 50;
    skill s1 2026-02-01 on;skill s2 2026-03-08 on;skill s3 2026-03-01 on;skill s3 2026-03-06 off
"""


HAPPENINGS: Final = (
    Happening("status", "alice/mail", moment("13:10"), "failed", "out of memory"),
    Happening("status", "alice/mail", moment("13:18"), "running"),
)


def fill(database: str) -> None:
    """Stores all of it, as ingest does."""
    insert(database, SAMPLES)
    store_happenings(database, HAPPENINGS)
    with psycopg.connect(database) as connection:
        happen(connection, " ".join(FLEET.split()))
    asyncio.run(_do_business(database))


async def _do_business(database: str) -> None:
    async with await open_writer(database) as connection:
        await store(connection, [events_of(" ".join(BUSINESS.split()), "alice")])

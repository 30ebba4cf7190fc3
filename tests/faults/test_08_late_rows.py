"""Late, future and repeated rows over a month of chunks, while retention drops others: exact."""

import asyncio
import random
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psycopg
import pytest
from psycopg import sql

from tests.faults.ledger import Ledger, Message, message
from tests.faults.load import Business
from tests.faults.plugin import Case
from tests.support.ingest_process import ingest_process
from tests.support.oracle import Fleet
from tests.support.rows import Row, insert
from tests.support.stack import REPOSITORY, Topics

pytestmark = pytest.mark.fault(8, "late rows beside retention")

DAY = timedelta(days=1)
BUSY = b"lock timeout"
LIMIT = 31 * DAY
# Of a second, so that times of different rounds do not meet.
SLIGHTLY = timedelta(microseconds=1)
OLDEST_DAYS = 330
RAW_DAYS = 38
# How far from now, and whether it is refused: near both bounds, and anywhere between.
TIMES: list[tuple[Callable[[random.Random], timedelta], bool]] = [
    (lambda rng: rng.random() * -LIMIT, False),
    (lambda rng: rng.random() * -DAY, False),
    (lambda rng: rng.random() * timedelta(hours=1) - LIMIT + timedelta(hours=1), False),
    (lambda rng: rng.random() * timedelta(minutes=4), False),
    (lambda rng: -LIMIT - rng.random() * DAY, True),
    (lambda rng: timedelta(minutes=10) + rng.random() * DAY, True),
]
WEIGHTS = [60, 30, 5, 2, 2, 1]


def samples(topics: Topics, rng: random.Random, number: int) -> Iterator[Message]:
    """Samples of 50 agents at those times, in no order, one of ten duplicated, now or later."""
    fleet = Fleet(4, 50, datetime.now(UTC), SLIGHTLY)
    sent: list[Message] = []
    for sample in fleet.samples(number // 50, rng):
        ((ahead, is_refused),) = rng.choices(TIMES, WEIGHTS)
        moved = msgspec.structs.replace(sample, ts=sample.ts + ahead(rng))
        one = replace(message(moved, topics), refused=frozenset({0} if is_refused else ()))
        sent.append(one)
        yield one
        if rng.random() < 0.1:
            yield rng.choice(sent)


def leave_old_chunks(database: str, now: datetime) -> None:
    """Chunks of most of a year with a row each, which nothing else mentions."""
    days = range(RAW_DAYS + 2, OLDEST_DAYS)
    insert(database, [Row("old/agent", now - day * DAY) for day in days])
    with psycopg.connect(database) as connection:
        tables = connection.execute(
            "select tablename::text from pg_tables where schemaname = 'public' "
            "and tablename not in ('schema_migrations', 'agent_samples', 'rollup_watermark')"
        ).fetchall()
        for (table,) in tables:
            connection.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))


def old_chunks(database: str, now: datetime) -> int:
    """How many chunks are there that are older than what is kept."""
    with psycopg.connect(database) as connection:
        ((number,),) = connection.execute(
            "select count(*) from show_chunks('agent_samples', older_than => %s::timestamptz)",
            [now - (RAW_DAYS + 1) * DAY],
        ).fetchall()
    return int(number)


async def maintain(environment: Mapping[str, str], raw_days: int) -> None:
    """Drops what is older; again where a refresh has the chunk."""
    windows = {"RAW": raw_days, "METRICS_5M": raw_days + 5, "METRICS_1H": raw_days + 10}
    days = {f"FLEETGAUGE_{name}_RETENTION_DAYS": str(kept) for name, kept in windows.items()}
    output = BUSY
    while BUSY in output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(REPOSITORY / "fleetgauge.py"), "maintain"),
            env={**environment, **days},
            stdout=PIPE,
            stderr=STDOUT,
        )
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    assert b"failed" not in output, output.decode()


@pytest.mark.runs(short=1, long=3)
async def test_aggregates_equal_the_rows(
    run: int,
    case: Case,
    database: str,
    ledger: Ledger,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    rng: random.Random,
) -> None:
    now = datetime.now(UTC)
    await asyncio.to_thread(leave_old_chunks, database, now)
    assert old_chunks(database, now) > 100
    environment = ingest_environment(FLEETGAUGE_BATCH_MAX_ROWS="2000")
    business = Business(rng)
    rounds = case.rounds(short=2, long=7)
    async with (
        ingest_process(environment, tmp_path / "first.log") as first,
        ingest_process(environment, tmp_path / "second.log") as second,
    ):
        await first.said('"claimed"')
        await second.said('"claimed"')
        for left in reversed(range(rounds)):
            raw_days = RAW_DAYS + left * (OLDEST_DAYS - RAW_DAYS) // rounds
            await asyncio.gather(
                ledger.put(samples(ledger.topics, rng, 5_000)),
                ledger.send(business.events(500)),
                maintain(environment, raw_days),
            )
        await ledger.all_stored()
        assert await first.stop() == 0
        assert await second.stop() == 0
    assert old_chunks(database, now) == 0
    await ledger.settle()

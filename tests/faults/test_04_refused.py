"""A batch cannot be written and later ones can: no offset passes it before it is settled."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import LiteralString

import msgspec
import psycopg
import pytest
from aiokafka import TopicPartition

from schemas.events import Event, Payment, Play, Sample
from tests.faults.deadletters import Place, dead_letters
from tests.faults.ledger import Ledger, Message, message
from tests.faults.plugin import Case
from tests.support.ingest_process import ingest_process
from tests.support.kafka import set_max_bytes
from tests.support.oracle import Fleet

pytestmark = pytest.mark.fault(4, "batch that cannot be written")

Environment = Callable[..., dict[str, str]]

NOW = datetime.now(UTC)
FLEET = Fleet(4, 500, NOW, timedelta(minutes=1))
# What an operator may have added to the tables, each of another kind.
CHECKS: LiteralString = """
    alter table agent_samples add constraint cpu_by_the_test check (cpu < 99.9);
    alter table payments add constraint amount_by_the_test check (amount <> 666);
    alter table agents add constraint id_by_the_test check (agent_id not like 'bad-%');
"""


def execute(database: str, statements: LiteralString) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(statements)


def is_refused(event: Event) -> bool:
    """Whether one of the CHECKS is against it."""
    if isinstance(event, Sample):
        return (event.cpu or 0) >= 99.9 or event.agent_id.startswith("bad-")
    return isinstance(event, Payment) and event.amount == 666


def payment(number: int, amount: int) -> Payment:
    return Payment(
        user_id=f"user-{number % 4}", payment_id=f"p{number}", ts=NOW, amount=amount, currency="EUR"
    )


def play(name: str, count: int) -> Play:
    return Play(user_id="u", play_id=name, listener_id="l", ts=NOW, count=count)


def alone(ledger: Ledger, event: Event) -> Message:
    refused = frozenset({0} if is_refused(event) else ())
    return replace(message(event, ledger.topics), refused=refused)


def array(ledger: Ledger, events: Sequence[Event]) -> Message:
    """One message: the database takes it whole or not at all."""
    refused = frozenset(range(len(events)) if any(map(is_refused, events)) else ())
    first = message(events[0], ledger.topics)
    return replace(first, value=msgspec.json.encode(events), events=events, refused=refused)


def stored_offsets(database: str) -> dict[TopicPartition, int]:
    with psycopg.connect(database) as connection:
        rows = connection.execute("select topic, partition, next_offset from ingest_offsets")
        return {TopicPartition(topic, partition): offset for topic, partition, offset in rows}


def refused_places(ledger: Ledger) -> set[Place]:
    return {entry.place for entry in ledger.entries if entry.is_refused}


@asynccontextmanager
async def watched(ledger: Ledger) -> AsyncIterator[None]:
    """Fails where an offset is stored behind a refused message that is not in the dead letters."""
    over = asyncio.Event()

    async def look() -> None:
        while not over.is_set():
            offsets = await asyncio.to_thread(stored_offsets, ledger.database)
            letters = await dead_letters(ledger.stack, ledger.topics)
            passed = {p for p in refused_places(ledger) if p.offset < offsets.get(p.partition, 0)}
            assert passed <= letters.keys(), f"not in the dead letters: {passed - letters.keys()}"

    async with asyncio.TaskGroup() as looking:
        looking.create_task(look())
        yield
        over.set()


def mixture(ledger: Ledger, rng: random.Random, mark: int) -> list[Message]:
    """12,000 samples and 2,000 payments of which a few are refused; arrays; an agent's name."""
    newest = NOW + timedelta(milliseconds=mark)
    samples = replace(FLEET, newest=newest).samples(24, rng)
    stranger = msgspec.structs.replace(samples[0], agent_id=f"bad-{mark}")
    numbers = range(mark * 10_000, mark * 10_000 + 2_000)
    payments = [payment(n, 666 if rng.random() < 0.003 else 5) for n in numbers]
    groups = [
        [payment(n + i, [5, 5, 666][n % 3]) for i in range(1, 6)]
        for n in range(mark * 10_000 + 3_000, mark * 10_000 + 3_100, 10)
    ]
    messages = [
        *(alone(ledger, sample) for sample in [*samples, stranger]),
        *(alone(ledger, payment) for payment in payments),
        *(array(ledger, group) for group in groups),
    ]
    rng.shuffle(messages)
    return messages


async def check_reasons(ledger: Ledger) -> None:
    letters = await dead_letters(ledger.stack, ledger.topics)
    reasons = {dict(letter.headers)["fleetgauge.reason"] for letter in letters.values()}
    assert reasons == {b"refused"}


async def test_what_is_refused_is_dead_lettered_before_a_later_offset_counts(
    case: Case,
    database: str,
    ledger: Ledger,
    ingest_environment: Environment,
    tmp_path: Path,
    rng: random.Random,
) -> None:
    execute(database, CHECKS)
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        for mark in range(case.rounds(short=1, long=10)):
            await ledger.put(mixture(ledger, rng, mark))
            async with watched(ledger):
                await ledger.all_stored()
        reported = await ingest.metric('fleetgauge_dead_letters_total{reason="refused"}')
        assert await ingest.stop() == 0
        assert "Traceback" not in ingest.log
    await ledger.settle()
    await check_reasons(ledger)
    assert reported == len(refused_places(ledger))


async def test_no_offset_passes_a_message_that_cannot_be_dead_lettered(
    database: str,
    ledger: Ledger,
    ingest_environment: Environment,
    tmp_path: Path,
    rng: random.Random,
) -> None:
    execute(database, CHECKS)
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ingest.said('"claimed"')
        await set_max_bytes(ledger.stack, ledger.topics.deadletter, 100)
        await ledger.put(mixture(ledger, rng, 0))
        await ingest.said('"step":"dead_letters"', times=3)
        offsets = stored_offsets(database)
        assert all(place.offset >= offsets[place.partition] for place in refused_places(ledger))
        await set_max_bytes(ledger.stack, ledger.topics.deadletter, 1_000_000)
        await ledger.all_stored()
        assert await ingest.stop() == 0
    await ledger.settle()
    await check_reasons(ledger)


@pytest.mark.runs(short=0, long=1)
async def test_killed_while_it_halves(
    run: int,
    case: Case,
    database: str,
    ledger: Ledger,
    ingest_environment: Environment,
    tmp_path: Path,
    rng: random.Random,
) -> None:
    execute(database, CHECKS)
    await ledger.put(mixture(ledger, rng, 0))
    async with watched(ledger):
        for kill in range(case.rounds(short=1, long=30)):
            log = tmp_path / f"{kill}.log"
            async with ingest_process(ingest_environment(), log) as ingest:
                # A mixture takes longer than three times are given to it.
                if kill % 3 == 2:
                    await ledger.put(mixture(ledger, rng, kill + 1))
                await ingest.said('"batch refused, bisecting"')
                # Anywhere in the halving: a random moment is what is tested.
                await asyncio.sleep(rng.uniform(0, 0.5))
                await ingest.kill()
        async with ingest_process(ingest_environment(), tmp_path / "last.log") as ingest:
            # All may be stored before it is there to be stopped.
            await ingest.said('"claimed"')
            await ledger.all_stored()
            assert await ingest.stop() == 0
    await ledger.settle()
    await check_reasons(ledger)


# So many plays already that ten more fit into 64 bits.
FILL: LiteralString = """
    insert into listening_days
    select 'u', day::date, 9223372036854775807 - 10, 0
    from generate_series(now() - interval '1 day', now() + interval '1 day', '1 day') as day
"""
EMPTY: LiteralString = """
    update listening_days set plays = plays - (9223372036854775807 - 10);
    delete from listening_days where plays = 0
"""


async def test_a_sum_that_overflows_costs_the_message_that_does_it(
    database: str, ledger: Ledger, ingest_environment: Environment, tmp_path: Path
) -> None:
    execute(database, FILL)
    samples = [alone(ledger, sample) for sample in FLEET.samples(1, random.Random(1))]
    first, second, third = (alone(ledger, play(name, 5)) for name in ("a", "b", "c"))
    # Any two of them fit.
    await ledger.put([first, *samples, second, replace(third, refused=frozenset({0}))])
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ledger.all_stored()
        assert "SQLSTATE 22003: bigint out of range" in ingest.log
        assert await ingest.stop() == 0
    execute(database, EMPTY)
    await ledger.settle()


async def test_what_is_not_refused_for_its_content_stands_still_until_it_is_mended(
    database: str, ledger: Ledger, ingest_environment: Environment, tmp_path: Path
) -> None:
    execute(
        database,
        """
        create function fail() returns trigger language plpgsql as $$
        begin raise exception using errcode = 'XX000', message = 'could not open relation'; end $$;
        create trigger a_fault before insert on payments
        for each row when (new.amount = 666) execute function fail();
        """,
    )
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ledger.send([payment(1, 5)])
        await ledger.all_stored()
        before = stored_offsets(database)
        await ledger.send([payment(2, 666)])
        await ingest.said('"sqlstate":"XX000"', times=2)
        # Later ones that could be written wait as well.
        await ledger.send([payment(3, 5), *FLEET.samples(1, random.Random(1))])
        await ingest.said('"sqlstate":"XX000"', times=5)
        assert stored_offsets(database) == before
        assert await ingest.metric('fleetgauge_retries_total{step="write"}') >= 5
        execute(database, "drop trigger a_fault on payments")
        await ledger.all_stored()
        assert await ingest.stop() == 0
    await ledger.settle()
    assert await dead_letters(ledger.stack, ledger.topics) == {}

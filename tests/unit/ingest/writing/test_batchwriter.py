"""What only the database rejects: isolated, dead-lettered whole, and passed by no offset."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from psycopg import errors

from ingest.writing.write import DroppedError
from tests.unit.ingest.bench import GOOD, LIMITS, Bencher, eventually, records
from tests.unit.ingest.doubles import Letters
from tests.unit.ingest.records import NOON

# What the database says, and whether the content is at fault.
ANSWERS = [
    (errors.CheckViolation(), True),
    (errors.NumericValueOutOfRange(), True),
    (errors.UntranslatableCharacter(), True),
    (errors.UniqueViolation(), True),
    (errors.SerializationFailure(), False),
    (errors.DeadlockDetected(), False),
    (errors.InternalError_(), False),
    (errors.DiskFull(), False),
    (errors.ReadOnlySqlTransaction(), False),
    (errors.UndefinedTable(), False),
    (errors.RaiseException(), False),
    # The driver cannot encode a value: nothing was sent.
    (psycopg.DataError(), True),
    (psycopg.InterfaceError(), False),
    (OSError(), False),
    # A bug, which one message may bring about.
    (ValueError(), True),
    (AttributeError(), True),
]


def reasons_and_offsets(b: Letters) -> list[tuple[str, int]]:
    return [(letter.reason, letter.origin.record.offset) for letter in b.sent]


@pytest.mark.parametrize(("answer", "is_refusal"), ANSWERS, ids=lambda a: type(a).__name__)
async def test_only_content_is_refused(answer: Exception, is_refusal: bool, bench: Bencher) -> None:
    b = bench(records(GOOD, GOOD), failures=(answer,))
    async with b.running():
        await eventually(lambda: b.claims.stored == 2, "two records")
    assert b.letters.sent == []
    assert b.table.written == ([(0, 1), (1, 2)] if is_refusal else [(0, 2)])


@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.sets(st.integers(0, 39)))
def test_exactly_what_is_refused_is_dead_lettered(bench: Bencher, refused: set[int]) -> None:
    async def run() -> None:
        b = bench(records(*[GOOD] * 40))
        b.table.refused = set(refused)
        async with b.running():
            await eventually(lambda: b.claims.stored == 40, "forty records")
        assert reasons_and_offsets(b.letters) == [("refused", offset) for offset in sorted(refused)]
        ends = [next_offset for _, next_offset in b.table.written]
        assert ends == sorted(ends)

    asyncio.run(run())


async def test_one_among_thousands_costs_few_attempts(bench: Bencher) -> None:
    b = bench(records(*[GOOD] * 10_000))
    b.table.refused = {random.Random(1).randrange(10_000)}
    async with b.running():
        await eventually(lambda: b.claims.stored == 10_000, "ten thousand records")
    assert b.table.begun < 50


async def test_a_refused_message_is_counted_as_a_letter_and_not_as_a_row(bench: Bencher) -> None:
    names = ["fleetgauge_rows_total", "fleetgauge_records_total", "fleetgauge_dead_letters_total"]
    labels = [{"type": "sample"}, {"topic": "fleet.samples"}, {"reason": "refused"}]

    def now() -> list[float]:
        return [
            REGISTRY.get_sample_value(name, label) or 0
            for name, label in zip(names, labels, strict=True)
        ]

    before = now()
    b = bench(records(GOOD, b"[]", GOOD, GOOD))
    b.table.refused = {2}
    async with b.running():
        await eventually(lambda: b.claims.stored == 4, "four records")
    assert [a - b for a, b in zip(now(), before, strict=True)] == [2, 4, 1]


async def test_the_next_batch_waits_until_the_refused_message_is_dead_lettered(
    bench: Bencher,
) -> None:
    b = bench(records(GOOD, GOOD), records(GOOD, first=2), limits=replace(LIMITS, max_rows=1))
    b.table.refused = {1}
    b.letters.held.clear()
    async with b.running():
        await eventually(lambda: b.letters.begun, "the letter")
        assert b.claims.stored == 1
        b.letters.held.set()
        await eventually(lambda: b.claims.stored == 3, "three records")
    assert b.table.written == [(0, 1), (1, 2), (2, 3)]


async def test_who_is_refused_once_by_chance_is_stored(bench: Bencher) -> None:
    b = bench(records(GOOD), failures=(errors.UniqueViolation(),))
    async with b.running():
        await eventually(lambda: b.claims.stored == 1, "the record")
    assert b.letters.sent == []


async def test_what_was_dropped_before_is_expired(bench: Bencher) -> None:
    newer = GOOD.replace(b"12:00:00Z", b"12:01:00Z")
    horizon = NOON + timedelta(seconds=1)
    b = bench(
        records(newer, GOOD, b"[" + GOOD + b"," + newer + b"]"),
        failures=(DroppedError(horizon),),
        limits=replace(LIMITS, max_rows=3),
    )
    async with b.running():
        await eventually(lambda: b.claims.stored == 3, "three records")
        b.log.arriving = [records(GOOD, newer, first=3)]
        await eventually(lambda: b.claims.stored == 5, "five records")
    assert reasons_and_offsets(b.letters) == [("expired", 1), ("expired", 2), ("expired", 3)]
    assert [letter.origin.index for letter in b.letters.sent] == [None, 0, None]
    # The horizon is known by then: the second batch is written at once.
    assert (b.table.begun, b.table.written) == (3, [(0, 3), (3, 5)])


async def test_an_array_with_a_refused_event_is_dead_lettered_whole(bench: Bencher) -> None:
    array = b"[" + GOOD + b",{}," + GOOD + b"]"
    b = bench(records(GOOD, array, GOOD))
    b.table.refused = {1}
    async with b.running():
        await eventually(lambda: b.claims.stored == 3, "three records")
    assert [(r.reason, r.origin.record.offset, r.origin.index) for r in b.letters.sent] == [
        ("invalid", 1, 1),
        ("refused", 1, None),
    ]
    assert all(letter.origin.record.value == array for letter in b.letters.sent)


async def test_a_message_that_makes_ingest_fail_is_dead_lettered(bench: Bencher) -> None:
    b = bench(records(*[GOOD] * 5), records(GOOD, first=5))
    b.table.broken = {3}
    async with b.running():
        await eventually(lambda: b.claims.stored == 6, "six records")
    assert reasons_and_offsets(b.letters) == [("refused", 3)]
    assert b.letters.sent[0].detail == (
        "ingest failed on this message with an unexpected ZeroDivisionError"
    )


async def test_an_agent_that_makes_ingest_fail_is_dead_lettered(bench: Bencher) -> None:
    other = GOOD.replace(b"alice", b"broken")
    b = bench(records(GOOD, other, GOOD))
    b.table.broken_users = {"broken"}
    async with b.running():
        await eventually(lambda: b.claims.stored == 3, "three records")
    assert reasons_and_offsets(b.letters) == [("refused", 1)]


async def test_without_memory_the_process_ends(bench: Bencher) -> None:
    b = bench(records(GOOD), failures=(MemoryError(),))
    async with b.running() as task:
        await asyncio.wait({task})
        with pytest.raises(MemoryError):
            task.result()
    assert b.letters.sent == []

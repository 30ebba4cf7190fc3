"""The loop against doubles: what is retried, reclaimed, committed, and never started."""

import asyncio
import gc
import logging
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError, OffsetOutOfRangeError
from prometheus_client import REGISTRY

from ingest.reading.positions import GapError
from tests.unit.ingest.bench import AWAY, GOOD, LIMITS, Bencher, eventually, fenced, records
from tests.unit.ingest.doubles import PARTITION, Letters
from tests.unit.ingest.records import identity


async def test_what_arrives_is_written_in_order(bench: Bencher) -> None:
    b = bench(records(GOOD, GOOD), records(GOOD, first=2))
    async with b.running():
        await eventually(lambda: b.claims.stored == 3, "three records")
    assert b.log.started_at == [{PARTITION: 0}]


async def test_marks_are_stored_past(bench: Bencher) -> None:
    b = bench(records(GOOD, GOOD))
    async with b.running():
        await eventually(lambda: b.claims.stored == 2, "two records")
        b.log.marks_to = 4
        await eventually(lambda: b.claims.stored == 4, "the marks")
    assert b.table.written == [(0, 2), (2, 4)]


async def test_dead_letters_are_sent_once_however_often_the_write_fails(bench: Bencher) -> None:
    b = bench(records(b"bad", GOOD), failures=(AWAY, AWAY))
    async with b.running():
        await eventually(lambda: b.table.written, "the write")
    assert (b.table.begun, len(b.letters.sent)) == (3, 1)


async def test_nothing_is_written_before_its_dead_letters(bench: Bencher) -> None:
    letters = Letters(KafkaTimeoutError(), KafkaConnectionError())
    b = bench(records(b"bad"), letters=letters)
    async with b.running():
        await eventually(lambda: b.table.begun, "the write")
    assert len(letters.sent) == 1


async def test_keys_are_looked_up_again_after_a_lost_connection(bench: Bencher) -> None:
    b = bench(records(GOOD), failures=(AWAY,))
    async with b.running():
        await eventually(lambda: b.table.written, "the write")
    # Once at the claim, and once more.
    assert (b.table.resolved, b.table.forgotten) == (2, 2)


async def test_a_batch_that_was_ready_gets_new_keys_too(bench: Bencher) -> None:
    limits = replace(LIMITS, max_rows=1)
    b = bench(records(GOOD), records(GOOD, first=1), failures=(AWAY,), limits=limits)
    b.table.held.clear()
    async with b.running():
        await eventually(lambda: b.table.resolved == 2, "both made ready")
        b.table.held.set()
        await eventually(lambda: b.claims.stored == 2, "two records")
    # Each once, and each again after the first was refused.
    assert (b.table.resolved, b.table.forgotten) == (4, 2)


async def test_what_was_ready_ends_with_the_batch_before_it(bench: Bencher) -> None:
    limits = replace(LIMITS, max_rows=1)
    b = bench(records(GOOD), records(GOOD, first=1), failures=(fenced(),), limits=limits)
    b.log.member_answers = [False]
    async with b.running():
        await eventually(lambda: not b.log.member_answers, "the question")
    assert b.table.begun == 1


async def test_a_fenced_member_claims_and_reads_again(bench: Bencher) -> None:
    b = bench(records(GOOD), failures=(fenced(),))
    b.log.member_answers = [KafkaConnectionError(), True]
    async with b.running():
        await eventually(lambda: b.claims.epoch == 2, "the claim")
        b.log.arriving = [records(GOOD)]
        await eventually(lambda: b.table.written, "the write")
    assert b.table.forgotten


async def test_who_is_no_member_waits_for_the_group(bench: Bencher) -> None:
    b = bench(records(GOOD), failures=(fenced(),))
    b.log.member_answers = [False]
    async with b.running():
        await eventually(lambda: not b.log.member_answers, "the question")
        assert b.claims.epoch == 1
        b.log.reassigned.set()
        await eventually(lambda: b.claims.epoch == 2, "the claim")
        b.log.arriving = [records(GOOD)]
        await eventually(lambda: b.table.written, "the write")


async def test_a_log_that_lost_our_place_is_claimed_again(bench: Bencher) -> None:
    b = bench(OffsetOutOfRangeError({}), records(GOOD))
    async with b.running():
        await eventually(lambda: b.table.written, "the write")
    assert b.claims.epoch == 2


async def test_records_of_a_log_that_changed_are_not_written(bench: Bencher) -> None:
    b = bench()
    async with b.running():
        await eventually(lambda: b.log.started_at, "the claim")
        b.log.identity = identity(epoch=1)
        b.log.arriving = [records(GOOD)]
        await eventually(lambda: b.claims.epoch == 2, "the second claim")
        assert b.table.begun == 0
        b.log.arriving = [records(GOOD, GOOD)]
        await eventually(lambda: b.table.written, "the write")
    assert b.table.written == [(0, 2)]


async def test_while_nobody_knows_the_log_its_records_wait(bench: Bencher) -> None:
    b = bench()
    async with b.running():
        await eventually(lambda: b.log.started_at, "the claim")
        b.log.leaderless = 2
        b.log.arriving = [records(GOOD)]
        await eventually(lambda: b.table.written, "the write")
    assert (b.log.leaderless, b.claims.epoch) == (0, 1)


async def test_a_partition_without_a_leader_does_not_hold_up_the_others(bench: Bencher) -> None:
    b = bench(limits=replace(LIMITS, confirm_s=0.05))
    async with b.running():
        await eventually(lambda: b.log.started_at, "the claim")
        b.log.leaderless = 1_000
        b.log.arriving = [records(GOOD, GOOD)]
        # Claimed again, which leaves out those without a leader.
        await eventually(lambda: b.log.claims_begun == 2, "the second claim")
        b.log.leaderless = 0
        b.log.arriving = [records(GOOD)]
        await eventually(lambda: b.table.written, "the write")
    assert b.log.started_at == [{PARTITION: 0}, {PARTITION: 0}]
    assert (b.table.written, b.claims.epoch) == ([(0, 1)], 2)


async def test_a_broker_that_is_away_is_waited_for(bench: Bencher) -> None:
    b = bench(KafkaConnectionError("away"), records(GOOD))
    async with b.running():
        await eventually(lambda: b.table.written, "the write")
    assert b.claims.epoch == 1


async def test_after_an_error_reading_goes_back_to_what_was_taken_last(bench: Bencher) -> None:
    b = bench(records(GOOD, GOOD), KafkaConnectionError("away"), records(GOOD, first=2))
    async with b.running():
        await eventually(lambda: b.claims.stored == 3, "three records")
    assert b.log.started_at == [{PARTITION: 0}, {PARTITION: 2}]


async def test_fewer_records_are_asked_for_where_each_holds_many_events(bench: Bencher) -> None:
    many = b"[" + b",".join([GOOD] * 100) + b"]"
    b = bench(records(GOOD))
    async with b.running():
        await eventually(lambda: b.log.asked_for[-1:] == [1_000], "the first batch")
        b.log.arriving = [records(many, first=1)]
        await eventually(lambda: b.log.asked_for[-1:] == [100], "the second batch")
    # At first each is taken for the fullest there may be.
    assert b.log.asked_for[0] == 10


async def test_a_gap_ends_it(bench: Bencher) -> None:
    b = bench(GapError(PARTITION, "recreated"))
    async with b.running() as task:
        with pytest.raises(GapError):
            await asyncio.wait_for(task, 5)


async def test_an_accepted_gap_is_claimed_again(bench: Bencher) -> None:
    b = bench(GapError(PARTITION, "recreated"), records(GOOD), accept_gap=True)
    async with b.running():
        await eventually(lambda: b.table.written, "the write")
    assert len(b.claims.distrusted) == 1
    assert b.claims.epoch == 2


async def test_a_full_batch_that_waits_pauses_reading_and_keeps_the_membership(
    bench: Bencher,
) -> None:
    b = bench(*[records(GOOD, first=i) for i in range(9)], limits=replace(LIMITS, max_rows=1))
    b.table.held.clear()
    async with b.running():
        await eventually(lambda: b.log.alive >= 2, "a sign of life")
        # One is written and one prepared; before each waits one, and one is read.
        assert (b.log.paused, len(b.log.arriving)) == (True, 4)
        b.table.held.set()
        await eventually(lambda: b.claims.stored == 9, "nine records")
    assert not b.log.paused


async def test_revoked_while_claiming_nothing_is_read(bench: Bencher) -> None:
    b = bench(records(GOOD))
    b.claims.held.clear()
    async with b.running():
        await eventually(lambda: b.claims.begun, "the claim")
        await b.log.revoke()
        b.claims.held.set()
        assert (b.log.started_at, b.table.begun) == ([], 0)
        b.log.reassigned.set()
        await eventually(lambda: b.table.written, "the write")
    assert b.claims.begun == 2


async def test_revoked_while_writing_lets_the_write_end(bench: Bencher) -> None:
    b = bench(records(GOOD), records(GOOD, first=1))
    b.table.held.clear()
    async with b.running():
        await eventually(lambda: b.table.begun, "the write")
        revoked = asyncio.create_task(b.log.revoke())
        await asyncio.sleep(0)
        b.table.held.set()
        await revoked
        assert b.table.written == [(0, 1)]
    assert b.table.begun == 1


async def test_revoked_gives_a_write_up_that_does_not_end(bench: Bencher) -> None:
    b = bench(records(GOOD))
    b.table.held.clear()
    async with b.running():
        await eventually(lambda: b.table.begun, "the write")
        await asyncio.wait_for(b.log.revoke(), 1)
        assert b.table.written == []
        b.table.held.set()
        b.log.reassigned.set()
        await eventually(lambda: b.claims.epoch == 2, "the claim")
        b.log.arriving = [records(GOOD)]
        await eventually(lambda: b.table.written, "the write")
    assert b.table.written == [(0, 1)]


async def test_a_stop_lets_the_write_end_and_begins_none(bench: Bencher) -> None:
    b = bench(records(GOOD), records(GOOD, first=1))
    b.table.held.clear()
    async with b.running() as task:
        await eventually(
            lambda: b.table.begun and not b.log.arriving, "the write, and a record more"
        )
        task.cancel()
        await asyncio.sleep(0)
        b.table.held.set()
        await asyncio.wait({task})
        assert task.cancelled()
    assert b.table.written == [(0, 1)]
    assert b.log.commits[-1] == {PARTITION: 1}


async def test_a_stop_waits_no_longer_than_it_may(bench: Bencher) -> None:
    b = bench(records(GOOD), limits=replace(LIMITS, drain_s=0.05))
    b.table.held.clear()
    async with b.running() as task:
        await eventually(lambda: b.table.begun, "the write")
        task.cancel()
        await asyncio.wait({task}, timeout=1)
        assert task.done()
    assert b.table.written == []


def writes() -> list[Any]:
    """The writes that go on."""
    return [task for task in asyncio.all_tasks() if "BatchWriter.store" in repr(task.get_coro())]


async def test_a_write_that_was_given_up_is_not_tried_again(
    bench: Bencher, caplog: pytest.LogCaptureFixture
) -> None:
    b = bench(records(GOOD))
    server = asyncio.Event()
    ended = asyncio.Event()

    async def silent(*_: Any) -> None:
        b.table.begun += 1
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await server.wait()
        ended.set()
        raise AWAY

    vars(b.table)["write"] = silent
    async with b.running():
        await eventually(lambda: b.table.begun, "the write")
        await asyncio.wait_for(b.log.revoke(), 1)
        server.set()
        await ended.wait()
        await eventually(lambda: not writes(), "the end of the write")
    gc.collect()
    await asyncio.sleep(0)
    warned = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert (b.table.begun, warned) == (1, [])


async def test_a_fence_met_while_the_group_takes_the_partitions_is_counted(bench: Bencher) -> None:
    b = bench(records(GOOD), failures=(fenced(),))
    b.table.held.clear()
    before = REGISTRY.get_sample_value("fleetgauge_fenced_total") or 0
    async with b.running():
        await eventually(lambda: b.table.begun, "the write")
        revoked = asyncio.create_task(b.log.revoke())
        await asyncio.sleep(0)
        b.table.held.set()
        await revoked
    assert REGISTRY.get_sample_value("fleetgauge_fenced_total") == before + 1

"""The fence on a real table: claims, locks, and offsets that move once."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, LiteralString

import pytest
from aiokafka import TopicPartition
from psycopg import AsyncConnection

from ingest.batch import OffsetSpan
from ingest.database import Pool
from ingest.writing import offsets
from ingest.writing.offsets import BatchState, Claim, FencedError, LastRecord, StaleClaimError
from tests.integration.ingest.sessions import blocks
from tests.unit.ingest.records import identity, record

A, B, C = TopicPartition("s", 1), TopicPartition("s", 0), TopicPartition("e", 2)

LOG, THERE = identity("here"), identity("there", topic=2)

Claims = dict[TopicPartition, Claim]


def span(first: int, stop: int) -> OffsetSpan:
    return OffsetSpan(first, stop, record(b"v", offset=stop - 1))


async def claim(connection: AsyncConnection[Any], *partitions: TopicPartition) -> Claims:
    return {p: await offsets.claim(connection, p, 5, LOG) for p in partitions}


async def move(
    connection: AsyncConnection[Any], spans: Mapping[TopicPartition, OffsetSpan], claims: Claims
) -> BatchState:
    """A batch of nothing but its offsets."""
    async with connection.transaction():
        stored = await offsets.lock(connection, spans, claims)
        if stored is BatchState.NOT_STORED:
            await offsets.advance(connection, spans, claims)
        return stored


async def server(connection: AsyncConnection[Any]) -> str:
    ((name,),) = await (await connection.execute("select server_identity()")).fetchall()
    return str(name)


async def next_offsets(connection: AsyncConnection[Any]) -> dict[tuple[str, int], int]:
    cursor = await connection.execute("select topic, partition, next_offset from ingest_offsets")
    return {(topic, partition): offset for topic, partition, offset in await cursor.fetchall()}


async def test_a_partition_never_stored_starts_at_the_logs_start(
    connection: AsyncConnection[Any],
) -> None:
    assert await claim(connection, A) == {
        A: Claim(1, 5, "here", None, LOG.topic_id, await server(connection))
    }


async def test_each_claim_has_the_next_epoch_and_the_stored_place(
    connection: AsyncConnection[Any],
) -> None:
    first = await claim(connection, A)
    assert await move(connection, {A: span(5, 9)}, first) is BatchState.NOT_STORED
    again = await offsets.claim(connection, A, 0, THERE)
    last = LastRecord.of(record(b"v", offset=8))
    assert again == Claim(2, 9, "here", last, LOG.topic_id, await server(connection))


async def test_the_same_batch_again_is_stored_already(connection: AsyncConnection[Any]) -> None:
    claims = await claim(connection, A, B)
    spans = {A: span(5, 9), B: span(5, 6)}
    assert await move(connection, spans, claims) is BatchState.NOT_STORED
    assert await move(connection, spans, claims) is BatchState.STORED
    assert await next_offsets(connection) == {("s", 1): 9, ("s", 0): 6}


@pytest.mark.parametrize("stored_before", [False, True])
async def test_an_older_epoch_is_refused(
    stored_before: bool, connection: AsyncConnection[Any]
) -> None:
    old = await claim(connection, A)
    if stored_before:
        await move(connection, {A: span(5, 9)}, old)
    await claim(connection, A)
    with pytest.raises(FencedError, match="in epoch 2, ours is 1"):
        await move(connection, {A: span(5, 9)}, old)


MOVED = [("behind", span(4, 9)), ("ahead", span(6, 9)), ("part", span(5, 7))]


@pytest.mark.parametrize("other", [s for _, s in MOVED], ids=[name for name, _ in MOVED])
async def test_a_place_that_is_not_the_stored_one_is_refused(
    other: OffsetSpan, connection: AsyncConnection[Any]
) -> None:
    claims = await claim(connection, A)
    await move(connection, {A: span(5, 8)}, claims)
    with pytest.raises(FencedError, match=r"s/1: offsets \d to \d were not written"):
        await move(connection, {A: other}, claims)
    assert await next_offsets(connection) == {("s", 1): 8}


async def test_a_row_that_is_gone_is_refused(connection: AsyncConnection[Any]) -> None:
    claims = await claim(connection, A)
    await connection.execute("delete from ingest_offsets")
    with pytest.raises(FencedError, match="no such partition"):
        await move(connection, {A: span(5, 9)}, claims)


async def test_one_partition_of_many_that_is_fenced_keeps_all_back(
    connection: AsyncConnection[Any],
) -> None:
    claims = await claim(connection, A, B, C)
    await claim(connection, B)
    with pytest.raises(FencedError):
        await move(connection, {p: span(5, 9) for p in (A, B, C)}, claims)
    assert set((await next_offsets(connection)).values()) == {5}


async def test_a_batch_stored_in_part_is_refused(connection: AsyncConnection[Any]) -> None:
    claims = await claim(connection, A, B)
    await move(connection, {A: span(5, 9)}, claims)
    with pytest.raises(FencedError, match="some of the batch's partitions stored"):
        await move(connection, {A: span(5, 9), B: span(5, 9)}, claims)


async def test_advancing_compares_by_itself(connection: AsyncConnection[Any]) -> None:
    claims = await claim(connection, A, B)
    with pytest.raises(FencedError, match="moved 1 of 2 offsets"):
        async with connection.transaction():
            await offsets.advance(connection, {A: span(5, 9), B: span(6, 9)}, claims)
    assert set((await next_offsets(connection)).values()) == {5}
    stale = {A: replace(claims[A], epoch=0)}
    with pytest.raises(FencedError, match="moved 0 of 1 offsets"):
        await offsets.advance(connection, {A: span(5, 9)}, stale)


async def test_a_claim_waits_for_a_batch_and_reads_what_it_stored(
    pool: Pool, connection: AsyncConnection[Any]
) -> None:
    claims = await claim(connection, A)
    async with pool.connection() as other:
        async with connection.transaction():
            await offsets.lock(connection, {A: span(5, 9)}, claims)
            heir = asyncio.ensure_future(offsets.claim(other, A, 0, LOG))
            await blocks(connection)
            await offsets.advance(connection, {A: span(5, 9)}, claims)
            assert not heir.done()
        assert (await heir).next_offset == 9


async def test_writers_that_share_partitions_never_lock_each_other_out(
    pool: Pool, connection: AsyncConnection[Any]
) -> None:
    claims = await claim(connection, A, B, C)

    async def again(order: list[TopicPartition]) -> None:
        async with pool.connection() as own:
            for _ in range(40):
                async with own.transaction():
                    await offsets.lock(own, {p: span(5, 9) for p in order}, claims)

    await asyncio.gather(again([A, B, C]), again([C, B, A]))


async def test_repositioned_after_a_gap(connection: AsyncConnection[Any]) -> None:
    claims = await claim(connection, A)
    await move(connection, {A: span(5, 9)}, claims)
    held = await offsets.reposition(connection, A, claims[A], 2, THERE)
    assert held == Claim(1, 2, "there", None, THERE.topic_id, await server(connection))
    assert await move(connection, {A: span(2, 3)}, {A: held}) is BatchState.NOT_STORED


async def test_a_claim_of_another_server_is_refused(connection: AsyncConnection[Any]) -> None:
    claims = await claim(connection, A)
    elsewhere = {A: replace(claims[A], server="another")}
    with pytest.raises(FencedError, match="restarted, or replaced, since it was claimed"):
        await move(connection, {A: span(5, 9)}, elsewhere)
    assert await next_offsets(connection) == {("s", 1): 5}


async def test_a_check_finds_what_went_on(connection: AsyncConnection[Any]) -> None:
    claims = await claim(connection, A, B)
    await move(connection, {A: span(5, 9)}, claims)
    # It may be further than this process knows: an answer to COMMIT is on its way.
    await offsets.check(connection, claims, {A: 5, B: 5})
    await offsets.check(connection, claims, {A: 9, B: 5})


STALE = [
    (
        "went back",
        "update ingest_offsets set next_offset = 8, last_record_offset = 7 where partition = 1",
        "offset 8 in epoch 1",
    ),
    ("claimed", "update ingest_offsets set epoch = 2 where partition = 0", "offset 5 in epoch 2"),
    ("gone", "delete from ingest_offsets where partition = 0", "no such partition"),
]


@pytest.mark.parametrize(("change", "found"), [s[1:] for s in STALE], ids=[s[0] for s in STALE])
async def test_a_check_finds_that_the_database_is_another(
    change: LiteralString, found: str, connection: AsyncConnection[Any]
) -> None:
    claims = await claim(connection, A, B)
    await move(connection, {A: span(5, 9)}, claims)
    await connection.execute(change)
    with pytest.raises(StaleClaimError, match=found):
        await offsets.check(connection, claims, {A: 9, B: 5})


async def test_a_check_finds_another_server(connection: AsyncConnection[Any]) -> None:
    claims = await claim(connection, A)
    with pytest.raises(StaleClaimError, match=r"s/1: was stored to offset 5 .* restarted"):
        await offsets.check(connection, {A: replace(claims[A], server="another")}, {})


async def test_what_is_stored_is_of_the_topic_that_was_claimed(
    connection: AsyncConnection[Any],
) -> None:
    claims = await claim(connection, A)
    # As before there were ids.
    await connection.execute("update ingest_offsets set topic_id = null")
    await move(connection, {A: span(5, 9)}, claims)
    assert (await offsets.claim(connection, A, 0, THERE)).topic_id == LOG.topic_id

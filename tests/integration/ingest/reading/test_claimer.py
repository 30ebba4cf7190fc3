"""Taking partitions over: where reading goes on, and what is a gap."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aiokafka import TopicPartition
from prometheus_client import REGISTRY
from psycopg import AsyncConnection

from ingest.batch import OffsetSpan
from ingest.database import Pool
from ingest.kafka.logidentity import LogIdentity
from ingest.reading.claimer import Assignment, PartitionClaimer
from ingest.reading.positions import Bounds, GapError
from ingest.writing import offsets
from tests.integration.ingest.sessions import blocks
from tests.unit.ingest.records import identity, record

HERE, THERE = TopicPartition("s", 0), TopicPartition("s", 1)
LAST = record(b"v", offset=9)
LOG = identity("cluster")
REPOSITION = offsets.reposition

Taker = Callable[..., PartitionClaimer]


@pytest.fixture
async def stored(connection: AsyncConnection[Any]) -> None:
    """A partition that is stored up to offset 10."""
    claim = await offsets.claim(connection, HERE, 0, LOG)
    await offsets.advance(connection, {HERE: OffsetSpan(0, 10, LAST)}, {HERE: claim})


@pytest.fixture
def taker(pool: Pool) -> Taker:
    def build(*, accept_gap: bool = False) -> PartitionClaimer:
        return PartitionClaimer(pool, 1.0, accept_gap=accept_gap)

    return build


async def claim(
    taking: PartitionClaimer, bounds: Mapping[TopicPartition, Bounds], log: LogIdentity = LOG
) -> Assignment:
    """Takes partitions over, all of one log."""
    return await taking.claim(bounds, dict.fromkeys(bounds, log))


def gaps() -> float:
    return REGISTRY.get_sample_value("fleetgauge_gaps_total") or 0


async def test_goes_on_where_it_was_stored(taker: Taker, stored: None) -> None:
    assignment = await claim(taker(), {HERE: (0, 12), THERE: (3, 5)})
    assert assignment.positions.next == {HERE: 10, THERE: 3}
    assert assignment.positions.starts() == {HERE: 9, THERE: 3}
    assert {p: claim.epoch for p, claim in assignment.claims.items()} == {HERE: 2, THERE: 1}


async def test_nothing_assigned(taker: Taker) -> None:
    assert (await claim(taker(), {})).claims == {}


GAPS: list[tuple[str, LogIdentity, Bounds]] = [
    ("below the start", LOG, (11, 20)),
    ("past the end", LOG, (0, 9)),
    ("another cluster", identity("other"), (0, 20)),
    ("another topic", identity("cluster", topic=2), (0, 20)),
]


@pytest.mark.parametrize(("log", "bounds"), [c[1:] for c in GAPS], ids=[name for name, *_ in GAPS])
async def test_a_gap_is_reported_and_only_accepted_when_asked(
    log: LogIdentity, bounds: Bounds, taker: Taker, stored: None, connection: AsyncConnection[Any]
) -> None:
    before = gaps()
    with pytest.raises(GapError, match=r"s/0: stored offset 10 .* --accept-gap"):
        await claim(taker(), {HERE: bounds}, log)
    cursor = await connection.execute(
        "select next_offset, epoch, cluster_id, topic_id from ingest_offsets"
    )
    assert await cursor.fetchall() == [(10, 1, "cluster", LOG.topic_id)]
    assert gaps() == before

    assignment = await claim(taker(accept_gap=True), {HERE: bounds, THERE: (4, 9)}, log)
    assert assignment.positions.starts() == {HERE: bounds[0], THERE: 4}
    assert gaps() == before + 1
    cursor = await connection.execute(
        "select next_offset, cluster_id, topic_id, last_record_ts from ingest_offsets"
        " where partition = 0"
    )
    assert await cursor.fetchall() == [(bounds[0], log.cluster_id, log.topic_id, None)]


async def test_nobody_claims_a_partition_before_it_is_repositioned(
    taker: Taker,
    pool: Pool,
    stored: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    others: list[asyncio.Task[Assignment]] = []

    async def reposition(own: AsyncConnection[Any], *arguments: Any) -> offsets.Claim:
        # Patient: it must not terminate the first one's session.
        other = PartitionClaimer(pool, 30.0, accept_gap=False)
        others.append(asyncio.create_task(claim(other, {HERE: (11, 20)})))
        await blocks(own)
        return await REPOSITION(own, *arguments)

    monkeypatch.setattr(offsets, "reposition", reposition)
    first = await claim(taker(accept_gap=True), {HERE: (11, 20)})
    second = await others[0]
    assert [one.claims[HERE].epoch for one in (first, second)] == [2, 3]
    assert first.positions.next == second.positions.next == {HERE: 11}


async def test_a_strange_record_starts_its_partition_over_once(taker: Taker, stored: None) -> None:
    before = gaps()
    taking = taker(accept_gap=True)
    taking.accept_or_raise(GapError(HERE, "recreated"))
    assert (await claim(taking, {HERE: (0, 12)})).positions.next == {HERE: 0}
    assert (await claim(taking, {HERE: (0, 12)})).positions.next == {HERE: 0}
    assert gaps() == before + 1


def test_a_strange_record_is_raised_where_no_gap_is_accepted(taker: Taker) -> None:
    with pytest.raises(GapError):
        taker().accept_or_raise(GapError(HERE, "recreated"))


async def test_a_topic_without_an_id_is_known_by_the_next_claim(
    taker: Taker, stored: None, connection: AsyncConnection[Any]
) -> None:
    await connection.execute("update ingest_offsets set topic_id = null")
    assignment = await claim(taker(), {HERE: (0, 12)})
    assert assignment.claims[HERE].topic_id == LOG.topic_id


async def test_without_bounds_a_partition_keeps_no_other_waiting(taker: Taker) -> None:
    assignment = await taker().claim({HERE: (0, 12)}, {HERE: LOG, THERE: LOG})
    assert assignment.claims.keys() == assignment.logs.keys() == {HERE}

"""Any bytes as a message have one verdict, by either decoding path and in any batch."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import msgspec
import psycopg
import pytest
from aiokafka import TopicPartition
from hypothesis import HealthCheck, Phase, given, seed, settings

from ingest import metrics
from ingest.batch import AgentKeys, Fetched
from ingest.decoding.columns import read_plain_samples
from ingest.decoding.decode import decode
from ingest.decoding.lines import Lines
from ingest.decoding.message import decode_message
from ingest.decoding.timecheck import check_times
from ingest.record import Record
from ingest.records import Records
from ingest.writing.batchbuilder import agents_of, build_batch
from tests.faults.ledger import Ledger, Message, message
from tests.faults.plugin import Case
from tests.support.any_bytes import HEADERS, NOW_MS, random_value, records
from tests.support.ingest_process import ingest_process
from tests.support.oracle import Fleet
from tests.support.stack import Topics

pytestmark = pytest.mark.fault(21, "any bytes")

PARTITION = TopicPartition("fleet.samples", 0)
MAX_BYTES = 100_000
LATENESS = timedelta(days=31)
# Messages of no use that are sent at once, among good samples.
SLICE = 1_500
NEIGHBOUR = "neighbours/neighbour"
# How few messages the column path is asked for.
COLUMNS, ROWS = 1, 1_000
GOOD = (
    b'{"type":"sample","userId":"neighbours","agentId":"neighbour","ts":"2026-03-01T11:59:00Z",'
    b'"cpu":1,"memory":2,"messages":3,"errors":4}'
)


class Verdict(NamedTuple):
    """What becomes of a message: rows as COPY takes them, other events, rejections."""

    rows: list[tuple[Any, ...]]
    events: list[dict[str, Any]]
    rejections: list[tuple[str, int | None, str]]


def keys_of(agents: set[str]) -> AgentKeys:
    return AgentKeys({agent: crc32(agent.encode()) >> 1 for agent in agents})


def verdict(records: Sequence[Record], offset: int, fewest: int) -> Verdict:
    """On one of these records, which are decoded, checked and shaped as ingest does it.

    With `fewest` of 1 they go through the column path, however few they are.
    """
    decoded = decode(Fetched({PARTITION: Records([records])}), MAX_BYTES, fewest)
    check_times(decoded, LATENESS)
    batch = build_batch(decoded, keys_of(agents_of(decoded)))
    neighbour = keys_of({NEIGHBOUR})[NEIGHBOUR]
    return Verdict(
        [row for row in batch.samples.rows() if row[-1] != neighbour],
        [msgspec.structs.asdict(event) for event, _ in decoded.others],
        [
            (rejection.reason, rejection.origin.index, rejection.detail)
            for rejection in decoded.rejections
            if rejection.origin.record.offset == offset
        ],
    )


def neighbour(offset: int) -> Record:
    return Record("fleet.samples", 0, offset, NOW_MS, b"k", GOOD, ())


@pytest.mark.runs(short=1, long=4)
def test_the_verdict_is_the_same_alone_in_a_batch_and_by_either_path(
    run: int, case: Case, rng: random.Random
) -> None:
    @seed(rng.getrandbits(64))
    @settings(
        max_examples=case.rounds(short=2_000, long=25_000),
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(records())
    def holds(record: Record) -> None:
        before = unexpected_errors()
        expected = verdict([record], 0, ROWS)
        assert verdict([record], 0, COLUMNS) == expected
        between = [neighbour(0), msgspec.structs.replace(record, offset=1), neighbour(2)]
        assert verdict(between, 1, COLUMNS) == expected
        assert verdict(between, 1, ROWS) == expected
        # A bug that was isolated to its message has the same verdict everywhere.
        assert unexpected_errors() == before

    holds()


def unexpected_errors() -> float:
    (family,) = metrics.UNEXPECTED_ERRORS.collect()
    return sum(sample.value for sample in family.samples if sample.name.endswith("_total"))


def test_neighbours_are_plain() -> None:
    """Else the column path would leave all that is compared to the row path."""
    assert read_plain_samples(Lines([[GOOD, GOOD]]), COLUMNS).height == 2


def junk(rng: random.Random, topics: Topics) -> Message:
    """A message that has to end in the dead letters as a whole."""
    while True:
        value = random_value(rng)
        headers = rng.choice(HEADERS) if rng.random() < 0.5 else ()
        sent = tuple((name, content or b"") for name, content in headers)
        events, rejections = decode_message(
            Record(topics.samples, 0, 0, NOW_MS, b"k", value, sent), MAX_BYTES
        )
        if not events and [rejection.origin.index for rejection in rejections] == [None]:
            key = rng.choice([b"", b"k", rng.randbytes(5)])
            return Message(topics.samples, value, key, [None], headers=sent)


async def test_random_bytes_among_good_samples(
    case: Case,
    ledger: Ledger,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    rng: random.Random,
) -> None:
    count = case.rounds(short=3_000, long=300_000)
    newest = datetime.now(UTC)
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        for number in range(count // SLICE):
            fleet = Fleet(4, 100, newest + timedelta(microseconds=number), timedelta(minutes=1))
            good = [message(event, ledger.topics) for event in fleet.samples(2, rng)]
            bad = [replace(junk(rng, ledger.topics), partition=n % 6) for n in range(SLICE)]
            mixed = [*good, *bad]
            rng.shuffle(mixed)
            await ledger.put(mixed)
        await ledger.all_stored(deadline_s=900)
        assert await ingest.stop() == 0
        assert "unexpected error" not in ingest.log
    await ledger.settle()


SUPPRESS = """
create function suppress() returns trigger language plpgsql as $$ begin return null; end $$;
create trigger suppress before insert on agents
for each row when (new.agent_id = 'agent-7') execute function suppress();
"""


async def test_a_bug_costs_only_the_messages_that_bring_it_about(
    ledger: Ledger,
    database: str,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    rng: random.Random,
) -> None:
    """An agent for which the database gives no key is no state that ingest foresees."""
    with psycopg.connect(database) as connection:
        connection.execute(SUPPRESS)
    samples = Fleet(4, 100, datetime.now(UTC), timedelta(minutes=1)).samples(3, rng)
    await ledger.put(
        replace(message(event, ledger.topics), refused=frozenset({0}))
        if event.agent_id == "agent-7"
        else message(event, ledger.topics)
        for event in samples
    )
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ledger.all_stored()
        assert await ingest.metric('fleetgauge_unexpected_errors_total{step="write"}') > 0
        assert await ingest.stop() == 0
        assert "agent-7" not in ingest.log
    await ledger.settle()

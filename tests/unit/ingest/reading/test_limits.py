"""When a batch is full: it grows with the fleet, up to its bounds."""

import pytest
from pydantic import SecretStr

from ingest.batch import Decoded, Fetched
from ingest.reading.batchsize import MAX_FETCH, MAX_REJECTIONS, BatchSize
from ingest.reading.limits import Limits
from ingest.rejection import Origin, Rejection
from schemas.settings import DatabaseSettings, IngestSettings, KafkaSettings
from tests.unit.ingest.records import decoded, record, sample

LIMITS = Limits.of(
    DatabaseSettings(database_url=SecretStr("postgresql://u:p@h/d")),
    KafkaSettings(kafka_bootstrap="h:9092"),
    IngestSettings(batch_max_rows=100_000, batch_max_bytes=2_000),
)

FULL = [
    ("nothing", 0, 0, 0, False),
    ("small fleet, below", 9_999, 0, 10, False),
    ("small fleet", 10_000, 0, 10, True),
    ("1,000 agents", 10_000, 0, 1_000, True),
    ("5,000 agents, below", 49_999, 0, 5_000, False),
    ("5,000 agents", 50_000, 0, 5_000, True),
    ("huge fleet, below", 99_999, 0, 1_000_000, False),
    ("huge fleet", 100_000, 0, 1_000_000, True),
    ("bytes, below", 1, 1_999, 1_000_000, False),
    ("bytes", 1, 2_000, 1_000_000, True),
]


@pytest.mark.parametrize(
    ("rows", "nbytes", "agents", "full"), [c[1:] for c in FULL], ids=[c[0] for c in FULL]
)
def test_full(rows: int, nbytes: int, agents: int, full: bool) -> None:
    size = BatchSize(LIMITS, lambda: agents)
    size.learn(1, decoded([sample()]))
    assert size.is_full(Fetched(count=rows, nbytes=nbytes)) is full


REJECTION = Rejection(Origin(record(b"{")), "malformed", "why")


@pytest.mark.parametrize(
    ("rejected", "taken", "full_at"),
    [(0, 10, 10_000), (1, 99, 10_000), (5, 5, 2 * MAX_REJECTIONS), (10, 0, MAX_REJECTIONS)],
)
def test_rejections_make_the_next_batch_small(rejected: int, taken: int, full_at: int) -> None:
    size = BatchSize(LIMITS, lambda: 10)
    last = decoded([sample()] * taken)
    last.rejections = [REJECTION] * rejected
    size.learn(rejected + taken, last)
    assert not size.is_full(Fetched(count=full_at - 1))
    assert size.is_full(Fetched(count=full_at))


def test_at_first_each_record_is_taken_for_the_fullest() -> None:
    size = BatchSize(LIMITS, lambda: 10)
    assert size.records_to_fetch(Fetched()) == 10
    size.learn(1, decoded([sample()]))
    assert size.records_to_fetch(Fetched()) == MAX_FETCH
    size.learn(1, decoded([sample()] * 100))
    assert size.records_to_fetch(Fetched()) == 100
    assert size.records_to_fetch(Fetched(count=99)) == 1
    assert size.records_to_fetch(Fetched(count=100)) == 1


def test_a_batch_of_control_records_teaches_nothing() -> None:
    size = BatchSize(LIMITS, lambda: 10)
    size.learn(1, decoded([sample()]))
    size.learn(0, Decoded())
    assert size.records_to_fetch(Fetched()) == MAX_FETCH


def test_units() -> None:
    assert (LIMITS.linger_s, LIMITS.patience_s, LIMITS.drain_s) == (0.1, 2.0, 10.0)
    assert LIMITS.lateness.days == 31

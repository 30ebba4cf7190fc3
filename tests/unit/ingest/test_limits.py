"""When a batch is full: it grows with the fleet, up to its bounds."""

import pytest
from pydantic import SecretStr

from ingest.batch import Intake, Origin, Rejection
from ingest.limits import MAX_REJECTIONS, Limits
from schemas.settings import DatabaseSettings, IngestSettings, KafkaSettings
from tests.unit.ingest.records import record, sample

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
    assert LIMITS.is_full(Intake(samples=[sample()] * rows, nbytes=nbytes), agents, 0.0) is full


REJECTED = [
    ("known, below", 0, MAX_REJECTIONS - 1, 0.0, False),
    ("known", 0, MAX_REJECTIONS, 0.0, True),
    ("expected, below", 2 * MAX_REJECTIONS - 1, 0, 0.5, False),
    ("expected", 2 * MAX_REJECTIONS, 0, 0.5, True),
    ("all of them", MAX_REJECTIONS, 0, 1.0, True),
    ("few", 50_000, 0, 0.01, False),
]


@pytest.mark.parametrize(
    ("rows", "rejections", "share", "full"), [c[1:] for c in REJECTED], ids=[c[0] for c in REJECTED]
)
def test_rejections_make_a_batch_small(
    rows: int, rejections: int, share: float, full: bool
) -> None:
    rejection = Rejection(Origin(record(b"{")), "malformed", "why")
    intake = Intake(samples=[sample()] * rows, rejections=[rejection] * rejections)
    assert LIMITS.is_full(intake, 10_000, share) is full


def test_units() -> None:
    assert (LIMITS.linger_s, LIMITS.patience_s, LIMITS.drain_s) == (0.1, 2.0, 10.0)
    assert LIMITS.lateness.days == 31

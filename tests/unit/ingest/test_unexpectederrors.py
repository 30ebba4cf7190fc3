"""Unexpected errors are distinguished from known ones, and logged without data."""

from typing import Any

import psycopg
import pytest
from aiokafka.errors import KafkaError
from structlog.testing import capture_logs

from ingest.batch import OffsetSpan
from ingest.reading.positions import GapError
from ingest.unexpectederrors import LOG_EVERY_S, Reporter, detail_of, is_unexpected
from ingest.writing.offsets import FencedError
from tests.unit.ingest.doubles import PARTITION

KINDS: list[tuple[Exception, bool]] = [
    (AttributeError("x"), True),
    (ValueError("x"), True),
    (RecursionError("x"), True),
    (MemoryError(), False),
    (OSError("x"), False),
    (psycopg.OperationalError("x"), False),
    (KafkaError("x"), False),
    (FencedError(PARTITION, OffsetSpan(0, 1, None), "x"), False),
    (GapError(PARTITION, "x"), False),
]


@pytest.mark.parametrize(("error", "expected"), KINDS, ids=lambda k: type(k).__name__)
def test_kinds(error: Exception, expected: bool) -> None:
    assert is_unexpected(error) is expected


def failure(data: str) -> Exception:
    try:
        raise ValueError(data)
    except ValueError as error:
        return error


def logged(*errors: Exception, clock: Any = lambda: 0.0) -> list[Any]:
    reporter = Reporter(clock)
    with capture_logs() as lines:
        for error in errors:
            reporter.report("decode", error)
    return lines


def test_neither_log_nor_dead_letter_repeats_the_message() -> None:
    error = failure("alice's data")
    (line,) = logged(error)
    assert (line["step"], line["error"]) == ("decode", "ValueError")
    assert line["trace"][-1].endswith("failure")
    assert "alice" not in repr(line)
    assert detail_of(error) == "ingest failed on this message with an unexpected ValueError"


def test_a_place_is_logged_once_a_minute() -> None:
    times = iter([0.0, LOG_EVERY_S - 1, LOG_EVERY_S])
    error = failure("x")
    assert len(logged(error, error, error, clock=lambda: next(times))) == 2

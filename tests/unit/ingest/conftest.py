"""The pipeline that unit tests drive."""

from typing import Any

import pytest

from ingest.reading.limits import Limits
from tests.unit.ingest.bench import LIMITS, Bench, Bencher
from tests.unit.ingest.doubles import Claims, Letters, Log, Table


@pytest.fixture
def bench() -> Bencher:
    """Builds a pipeline between doubles."""

    def build(
        *arriving: Any,
        letters: Letters | None = None,
        failures: tuple[Exception, ...] = (),
        limits: Limits = LIMITS,
        accept_gap: bool = False,
    ) -> Bench:
        claims = Claims(accept_gap=accept_gap)
        table = Table(claims, *failures)
        return Bench(Log(*arriving), letters or Letters(), claims, table, limits)

    return build

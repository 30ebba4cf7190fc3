"""The pipeline that unit tests drive."""

from typing import Any

import pytest

from ingest import pipeline as module
from ingest import settle
from ingest.agents import AgentDirectory
from ingest.limits import Limits
from tests.unit.ingest.bench import LIMITS, Bench, Bencher
from tests.unit.ingest.doubles import Claims, Letters, Log, Table


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bencher:
    """Builds a pipeline between doubles; short patience."""
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)

    def build(
        *arriving: Any,
        letters: Letters | None = None,
        failures: tuple[Exception, ...] = (),
        limits: Limits = LIMITS,
        accept_gap: bool = False,
    ) -> Bench:
        claims = Claims(accept_gap=accept_gap)
        table = Table(claims, *failures)
        built = Bench(Log(*arriving), letters or Letters(), claims, table, limits)
        monkeypatch.setattr(settle, "write_batch", table.write)
        monkeypatch.setattr(AgentDirectory, "resolve", lambda _, agents: built.resolve(agents))
        monkeypatch.setattr(AgentDirectory, "stands_by", lambda _, keys: built.stands_by(keys))
        monkeypatch.setattr(AgentDirectory, "forget", lambda _: built.forget())
        return built

    return build

"""A bench without a running stack."""

from pathlib import Path

import pytest

from tests.bench.measurement import Bench, Scale
from tests.support.stack import Stack


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(
        Stack("nobody:1", "postgresql://nobody:1/none"), "Apache", Scale(), tmp_path, tmp_path
    )

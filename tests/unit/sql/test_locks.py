"""Keys of advisory locks: where two purposes share one, one of them waits for ever."""

import re
from typing import Final

from ingest.admin import agentsummary, refresh, upkeep
from sql import migrate
from sql.named import query
from tests.support.stack import REPOSITORY

JOBS: Final = REPOSITORY / "sql" / "community" / "repeatable" / "80_jobs.sql"
WATERMARK: Final = REPOSITORY / "sql" / "common" / "repeatable" / "10_watermark.sql"


def keys(text: str) -> set[int]:
    """All that a file of SQL names, as `0x…` or `x'…'`."""
    return {int(key, 16) for key in re.findall(r"\b(?:0x|x')([0-9a-f]{8,})", text)}


def test_every_lock_has_a_key_of_its_own() -> None:
    jobs = keys(JOBS.read_text())
    watermark = keys(WATERMARK.read_text())
    assert (len(jobs), len(watermark)) == (1, 2)
    ours = [refresh.LOCK_KEY, agentsummary.LOCK_KEY, upkeep.LOCK_KEY, migrate.LOCK_KEY]
    assert len({*jobs, *watermark, *ours}) == 7


def test_retention_and_repair_take_the_lock_of_the_jobs() -> None:
    jobs = keys(JOBS.read_text())
    for name in ("try_refresh_lock", "unlock_refreshes"):
        assert keys(query(name).decode()) == jobs

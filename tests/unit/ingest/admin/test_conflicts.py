"""Who writes beside us: only who renews what it leaves, for as long as it does."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import psycopg
import pytest

from ingest.admin.conflicts import FORGET_AFTER, ConflictWatch, Renewals
from ingest.database import Pool
from ingest.reading.commitmetadata import DatabaseIdentity
from schemas.settings import KafkaSettings

START = datetime(2026, 3, 10, 12, tzinfo=UTC)


def marks(**seconds: int) -> dict[str, datetime]:
    return {name: START + timedelta(seconds=at) for name, at in seconds.items()}


def looks(*seen: Mapping[str, datetime]) -> list[str]:
    """The names found at each look."""
    renewals: Renewals[str] = Renewals()
    return ["".join(sorted(renewals.look(look))) for look in seen]


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        ([marks(a=0), marks(a=9), marks(a=18)], ["", "", "a"]),
        # A mark from before a move, a restore or a new name of the group.
        ([marks(a=0)] * 10, [""] * 10),
        # A server that was restarted: its other ingest has committed once more under the old id.
        ([marks(a=0), marks(a=9), {}, {}], [""] * 4),
        # The other's clock went back.
        ([marks(a=0), marks(a=-50), marks(a=-40)], ["", "", "a"]),
        # It looks a little less often than we do.
        ([marks(a=0), marks(a=9), marks(a=9), marks(a=18), marks(a=18)], ["", "", "", "a", "a"]),
        # Its partition went to somebody else, and came back.
        ([marks(a=0), marks(a=9), marks(a=18), {}, marks(a=27)], ["", "", "a", "", ""]),
        ([marks(a=0, b=0), marks(a=9, b=8), marks(a=18, b=8)], ["", "", "a"]),
    ],
)
def test_what_is_renewed_is_alive(seen: Sequence[Mapping[str, datetime]], found: list[str]) -> None:
    assert looks(*seen) == found


def test_who_ends_is_forgotten() -> None:
    alive = [marks(a=0), marks(a=9), marks(a=18)]
    found = looks(*alive, *[marks(a=18)] * (FORGET_AFTER + 3))
    assert found == ["", "", *["a"] * FORGET_AFTER, *[""] * 4]


class Away:
    """Stands for a pool whose server is gone."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    def connection(self) -> None:
        self.asked.set()
        raise psycopg.OperationalError("gone")


class Committer:
    """Commits for the database that answered last."""

    database: DatabaseIdentity | None = DatabaseIdentity("16384/then", "fleetgauge at db:5432")


async def test_while_the_database_is_away_no_commit_names_it() -> None:
    """Another server may answer next, and a commit for the old one would be a conflict with it."""
    committer, pool = Committer(), Away()
    kafka = KafkaSettings(kafka_bootstrap="127.0.0.1:1")
    looking = asyncio.create_task(ConflictWatch(cast(Pool, pool), kafka, "g", committer).run())
    await asyncio.wait_for(pool.asked.wait(), 60)
    # It goes on to its pause between two looks without giving way.
    assert committer.database is None
    assert not looking.done()
    looking.cancel()

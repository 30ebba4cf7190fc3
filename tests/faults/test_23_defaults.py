"""Session defaults of the database change no row and no answer, and cut no work off.

What each default does to each kind of session is in `tests/integration/sql/test_connect.py`.
"""

import random
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from tests.faults.ledger import Ledger
from tests.faults.load import Business
from tests.support.defaults import HOSTILE, defaults
from tests.support.ingest_process import IngestProcess, ingest_process
from tests.support.oracle import Fleet
from tests.support.process import fleetgauge
from tests.support.serve_process import Serving, holder, served
from tests.support.waiting import until

pytestmark = pytest.mark.fault(23, "session defaults")

# A batch that takes longer than any of the hostile time limits.
SLOW = """
    create function be_slow() returns trigger language plpgsql as
        $$ begin perform pg_sleep(1.2); return null; end $$;
    create trigger be_slow after update of next_offset on ingest_offsets
        for each statement execute function be_slow();
"""
PATHS = [
    "/api/metrics",
    *(f"/api/metrics/user-0/{name}" for name in ("performance", "summary")),
    *(f"/api/metrics/user-0/historical?range={span}" for span in ("24h", "7d", "30d")),
]


def answers(serving: Serving) -> list[tuple[int, object]]:
    """Status and body of each path, but for the time of the answer."""
    with serving.client() as client:
        got = [client.get(path, headers=holder("ops", "platform")) for path in PATHS]
    return [(answer.status_code, {**answer.json(), "timestamp": None}) for answer in got]


def says(variables: dict[str, str], *words: str) -> tuple[int, str]:
    """The exit status of a command, and what it said."""
    with fleetgauge(variables, *words) as process:
        return process.await_exit(), process.output


async def settled(ingest: IngestProcess, ledger: Ledger) -> None:
    """Returns when ingest has settled what was sent, by its own word."""
    topics = (ledger.topics.samples, ledger.topics.events)
    sent = len({entry.place for entry in ledger.entries})

    async def all_settled() -> bool:
        counts = [
            await ingest.metric(f'fleetgauge_records_total{{topic="{topic}"}}') for topic in topics
        ]
        return sum(counts) == sent

    await until(all_settled, "all records settled", 90)


async def test_rows_and_answers_are_as_with_the_defaults(
    database: str,
    ledger: Ledger,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
    rng: random.Random,
) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(SLOW)
    variables = ingest_environment(FLEETGAUGE_ANSWER_CACHE_MS="0")
    samples = Fleet(3, 50, datetime.now(UTC), timedelta(minutes=7)).samples(20, rng)
    business = Business(rng)
    with ExitStack() as serving:
        with defaults(database, HOSTILE):
            for command in ("migrate", "maintain"):
                assert says(variables, command)[0] == 0
            async with ingest_process(variables, tmp_path / "ingest.log") as ingest:
                await ingest.said('"claimed"')
                # Twice: samples that are there already take another path.
                for _ in range(2):
                    await ledger.send([*samples, *business.events(50)])
                    await settled(ingest, ledger)
                assert await ingest.stop() == 0
                assert '"will try again"' not in ingest.log
            hostile = serving.enter_context(served(variables))
            hostile.await_ready()
            found = answers(hostile)
        usual = serving.enter_context(served(variables))
        usual.await_ready()

        async def same() -> bool:
            # Between the two a minute of uptime may end.
            return answers(hostile) == answers(usual)

        await until(same, "the answers that sessions with the usual defaults get", 60)
    assert {status for status, _ in found} == {200}
    await ledger.settle()

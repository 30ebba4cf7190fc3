"""A user is erased, and agents are deleted by hand, while ingest goes on writing them."""

import asyncio
import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psycopg
import pytest

from schemas.events import Sample
from tests.faults.plugin import Case
from tests.faults.test_27_clock import command
from tests.support.aggregates import check_aggregates
from tests.support.ingest_process import ingest_process
from tests.support.oracle import Fleet, all_stored, produce
from tests.support.stack import Stack, Topics

pytestmark = pytest.mark.fault(40, "erasing beside ingest")

NOW = datetime.now(UTC)
STEP = timedelta(seconds=1)
ERASED = "user-0"
ORPHANS = """
    select count(*) from agent_samples where agent_key not in (select agent_key from agents)
"""


def samples(number: int) -> Iterator[list[Sample]]:
    """Rounds of samples of 40 agents of 4 users, each newer than the one before.

    The one who is erased has no figures but counts: the platform's maxima are not lowered.
    """
    rng = random.Random(1)
    for place in range(number):
        fleet = Fleet(4, 40, NOW - (number - place) * STEP, STEP)
        yield [
            msgspec.structs.replace(one, cpu=0, memory=0) if one.user_id == ERASED else one
            for one in fleet.samples(1, rng)
        ]


def rows(database: str, statement: str) -> int:
    with psycopg.connect(database) as connection:
        ((number,),) = connection.execute(statement.encode()).fetchall()
    return int(number)


async def test_no_row_is_left_without_its_agent(
    case: Case,
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
) -> None:
    environment = ingest_environment()
    rounds = case.rounds(short=4, long=40)
    sent = list(samples(40 * (rounds + 3)))

    async def send(number: int) -> None:
        for _ in range(number):
            await produce(stack, made_topics, sent.pop(0))

    async with (
        ingest_process(environment, tmp_path / "first.log") as first,
        ingest_process(environment, tmp_path / "second.log") as second,
    ):
        await first.said('"claimed"')
        await second.said('"claimed"')
        for _ in range(rounds):
            sending = asyncio.create_task(send(20))
            code, said = await command(environment, "erase", "--user", ERASED, "--yes")
            assert code == 0, said
            await sending
            assert rows(database, ORPHANS) == 0
        await send(1)
        await all_stored(stack, database, made_topics)
        assert rows(database, ORPHANS) == 0
        check_aggregates(database)

        # By hand, under an ingest that knows the keys.
        with psycopg.connect(database) as connection:
            gone = "select agent_key from agents where user_id = 'user-1' order by 1 limit 3"
            keys = {key for (key,) in connection.execute(gone).fetchall()}
            connection.execute("delete from agents where agent_key = any(%s)", [list(keys)])
        await send(1)
        await all_stored(stack, database, made_topics)
        code, said = await command(environment, "doctor", "--json")
        found = {one["check"]: one for one in json.loads(said)}
        assert found["orphans"]["level"] == "warning"
        assert set(found["orphans"]["facts"]["keys"]) == keys
        assert found["orphans"]["hint"] == "fleetgauge erase --orphans"

        code, said = await command(environment, "erase", "--orphans", "--yes", "--json")
        assert code == 0, said
        await send(2)
        await all_stored(stack, database, made_topics)
        assert rows(database, ORPHANS) == 0
        assert rows(database, "select count(*) from agents where user_id = 'user-1'") == 10
        assert await first.stop() == await second.stop() == 0
    for log in (first.log, second.log):
        assert "Traceback" not in log

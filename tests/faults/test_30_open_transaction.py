"""Another producer leaves a transaction open: what it withholds is lag, and the doctor names it."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.ingest.test_ingest import minutes
from tests.integration.ingest.test_marks import producer
from tests.support.ingest_process import IngestProcess, ingest_process
from tests.support.kafka import put
from tests.support.oracle import all_stored
from tests.support.stack import Stack, Topics
from tests.support.waiting import until

pytestmark = pytest.mark.fault(30, "a transaction left open")

Environment = Callable[..., dict[str, str]]


async def figures(ingest: IngestProcess, topic: str) -> dict[str, float]:
    """What is reported of partition 0."""
    labels = f'{{partition="0",topic="{topic}"}}'
    names = ("lag_records", "lag_seconds", "open_transaction_seconds")
    return {name: await ingest.metric(f"fleetgauge_{name}{labels}") for name in names}


async def doctor(variables: dict[str, str]) -> str:
    words = [sys.executable, "-m", "fleetgauge", "doctor"]
    done = await asyncio.to_thread(
        subprocess.run, words, env=variables, capture_output=True, text=True, check=False
    )
    return str(done.stdout)


async def test_withheld_records_are_lag_and_the_doctor_names_the_transaction(
    stack: Stack,
    database: str,
    made_topics: Topics,
    ingest_environment: Environment,
    tmp_path: Path,
) -> None:
    topic = made_topics.samples
    # What is withheld is not ingest's to move: its watchdog has nothing to say.
    variables = ingest_environment(FLEETGAUGE_STALL_TIMEOUT_MS="4000")
    async with (
        ingest_process(variables, tmp_path / "ingest.log") as ingest,
        producer(stack, topic) as other,
    ):
        await put(stack, topic, minutes("before", 5))
        await all_stored(stack, database, made_topics)
        await other.begin_transaction()
        await other.send_and_wait(topic, b"{}", b"k", 0)
        await put(stack, topic, minutes("behind", 20))

        async def reported() -> bool:
            lag = await figures(ingest, topic)
            return lag["lag_records"] == 21 and lag["lag_seconds"] > 5 and all(lag.values())

        await until(reported, "a lag of 21 records, and its age", 60)
        assert ingest.returncode is None

        async def named() -> str:
            text = await doctor(variables)
            return text if f"abort --topic {topic} --partition 0 --start-offset 5" in text else ""

        output = await until(named, "the command that aborts the transaction", 60)
        assert f"{topic}/0: 21 records are withheld by an open transaction (since " in output
        assert f", transactional id {topic})" in output
        await other.abort_transaction()
        await all_stored(stack, database, made_topics)

        async def none_left() -> bool:
            return not any((await figures(ingest, topic)).values())

        await until(none_left, "no lag", 60)
        assert "withheld" not in await doctor(variables)
        assert await ingest.stop() == 0

"""The agents in the docs: their events are stored, in Java's partition, or reported as lost."""

import asyncio
import re
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from aiokafka import ConsumerRecord

from ingest.admin.topics import create_topics
from schemas.events import Sample
from schemas.settings import KafkaSettings
from tests.integration.emit.topics import events_of, made, records
from tests.support.oracle import all_stored, log_ends
from tests.support.process import Running, fleetgauge, run
from tests.support.producers import EMITTER, PLAIN, command
from tests.support.stack import Stack, Topics, created_database, environment, free_port, migrate
from tests.support.waiting import until
from tests.unit.emit.test_partitioner import written_from_the_algorithm

# Of 6 partitions Java takes 5 for it; without cutting off the sign it is 1, by CRC-32 it is 2.
AGENT = "agent-4"
PARTITION = 5


@dataclass(frozen=True)
class Fleet:
    """Topics, a database, and an ingest between them, which runs."""

    stack: Stack
    topics: Topics
    database: str

    @property
    def env(self) -> dict[str, str]:
        port = str(free_port())
        return environment(self.database, self.stack, self.topics, FLEETGAUGE_METRICS_PORT=port)

    def stored_of(self, user: str) -> list[tuple[object, ...]]:
        """Agent, time and counts of the user's samples in the database."""
        with psycopg.connect(self.database, options="-c timezone=UTC") as connection:
            return connection.execute(
                "select agent_id, time, messages, errors from samples where user_id = %s "
                "order by agent_id, time",
                [user],
            ).fetchall()


async def sent(stack: Stack, topics: Topics, user: str) -> list[tuple[ConsumerRecord, Sample]]:
    """The user's samples in the topic, each with its record."""
    found = await records(stack.kafka_bootstrap, topics.samples)
    pairs = [(record, event) for record in found for event in events_of(record)]
    return [(r, s) for r, s in pairs if isinstance(s, Sample) and s.user_id == user]


@pytest.fixture(scope="module")
def fleet(stack: Stack) -> Iterator[Fleet]:
    mark = uuid4().hex[:12]
    topics = Topics(f"test-{mark}.samples", f"test-{mark}.events", f"test-{mark}.deadletter")
    with created_database(stack.database_url, f"test_{mark}") as database:
        migrate(database)
        settings = KafkaSettings(
            kafka_bootstrap=stack.kafka_bootstrap,
            samples_topic=topics.samples,
            events_topic=topics.events,
            deadletter_topic=topics.deadletter,
        )
        assert create_topics(settings) == 0
        running = Fleet(stack, topics, database)
        with fleetgauge(running.env, "ingest"):
            yield running


async def ended(*agents: Running) -> list[int]:
    """Exit codes after a SIGTERM to each."""
    for agent in agents:
        agent.signal(signal.SIGTERM)
    return [await asyncio.to_thread(agent.await_exit) for agent in agents]


@pytest.mark.parametrize("shown", [EMITTER, *PLAIN])
async def test_what_an_agent_sends_is_stored(shown: str, fleet: Fleet, tmp_path: Path) -> None:
    user = shown.partition(".")[0]
    words = command(shown, tmp_path)
    assert written_from_the_algorithm(AGENT.encode()) % 2**31 % 6 == PARTITION

    async def two_of_each() -> bool:
        """Whether both have sampled, worked, and sampled again."""
        agents = [agent for agent, *_ in fleet.stored_of(user)]
        return len(set(agents)) == 2 and all(agents.count(agent) >= 2 for agent in agents)

    with (
        run([*words, user, AGENT], fleet.env) as named,
        run([*words, user], fleet.env) as nameless,
    ):
        await until(two_of_each, f"two samples of each agent of {user}", 60.0)
        assert await ended(named, nameless) == [0, 0], named.output + nameless.output
    await all_stored(fleet.stack, fleet.database, fleet.topics)
    found = await sent(fleet.stack, fleet.topics, user)
    # A client that is not idempotent may have sent one twice.
    expected = sorted({(s.agent_id, s.ts, s.messages, s.errors) for _, s in found})
    assert expected == fleet.stored_of(user)
    assert {s.agent_id for _, s in found} == {s.agent_id for _, s in found if s.messages}
    assert all(s.response_ms for _, s in found if s.messages)
    assert all(record.key == s.agent_id.encode() for record, s in found)
    assert {r.partition for r, s in found if s.agent_id == AGENT} == {PARTITION}
    dead = await log_ends(fleet.stack, [fleet.topics.deadletter])
    assert sum(dead.values()) == 0


async def test_an_agent_waits_for_its_topic_and_reports_what_is_lost(
    stack: Stack, topics: Topics, tmp_path: Path
) -> None:
    never = f"{topics.samples}.never"
    env = environment("unused", stack, topics)
    with ExitStack() as opened:

        def begun(shown: str, agent: str, **more: str) -> Running:
            words = command(shown, tmp_path)
            return opened.enter_context(run([*words, "ada", agent], env | more))

        unlucky = [begun(shown, "a", FLEETGAUGE_SAMPLES_TOPIC=never) for shown in PLAIN]
        patient = [begun(shown, f"patient-{number}") for number, shown in enumerate(PLAIN)]
        for agent in unlucky + patient:
            await asyncio.to_thread(agent.await_line, "sampling as")
        for agent in unlucky:
            agent.signal(signal.SIGTERM)
        await made(stack.kafka_bootstrap, topics)

        async def all_sent() -> bool:
            found = await sent(stack, topics, "ada")
            return len({s.agent_id for _, s in found}) == len(PLAIN)

        await until(all_sent, "a sample of each", 60.0)
        assert await ended(*patient) == [0] * len(PLAIN)
        for agent in unlucky:
            assert await asyncio.to_thread(agent.await_exit) == 1
            assert re.search(r"^0 of \d+ samples", agent.output, re.M), agent.output
    distinct = {(s.agent_id, s.ts) for _, s in await sent(stack, topics, "ada")}
    arrived = Counter(agent for agent, _ in distinct)
    for number, agent in enumerate(patient):
        whole = re.search(r"^(\d+) of \1 samples acknowledged$", agent.output, re.M)
        assert whole, agent.output
        assert arrived[f"patient-{number}"] == int(whole[1])

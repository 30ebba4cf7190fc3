"""Topics that others made or altered: ingest, migrate and doctor say what is wrong, and the fix."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from aiokafka.admin import NewTopic
from prometheus_client import REGISTRY

from ingest.admin.doctor.examine import examine
from ingest.admin.topics import create_topics, inspect
from ingest.admin.topicwatch import TopicWatch
from ingest.kafka.topic import config, topics_to_create
from schemas.settings import KafkaSettings
from tests.integration.ingest.admin.test_topics import admin
from tests.support.ingest_process import ingest_process
from tests.support.kafka import configure
from tests.support.process import fleetgauge
from tests.support.stack import Stack, Topics, database_settings, environment
from tests.support.waiting import until

pytestmark = pytest.mark.fault(32, "topics made by others")


@pytest.fixture
def kafka(stack: Stack, topics: Topics) -> KafkaSettings:
    return KafkaSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        samples_topic=topics.samples,
        events_topic=topics.events,
        deadletter_topic=topics.deadletter,
    )


# What others have set, all at once: by place in the list of topics, setting and value.
SET = {
    0: {"cleanup.policy": "compact", "min.insync.replicas": "2"},
    1: {"message.timestamp.type": "CreateTime", "max.message.bytes": "100000"},
    2: {"cleanup.policy": "compact,delete", "max.message.bytes": "1048588"},
}


async def make(kafka: KafkaSettings) -> list[tuple[str, str, str]]:
    """Makes the topics with what others set; returns that, with the topics' names."""
    wanted = topics_to_create(kafka)
    async with admin(kafka) as client:
        await client.create_topics(
            [
                NewTopic(t.name, 1, 1, topic_configs={**config(t, kafka), **SET.get(n, {})})
                for n, t in enumerate(wanted)
            ]
        )
    return [(wanted[n].name, k, v) for n, of_topic in SET.items() for k, v in of_topic.items()]


async def test_each_is_named_with_a_command_that_fixes_it(
    kafka: KafkaSettings,
    topics: Topics,
    database: str,
    stack: Stack,
    tmp_path: Path,
) -> None:
    wrong = await make(kafka)
    env = environment(database, stack, topics)
    log = tmp_path / "ingest.log"
    async with ingest_process(env, log) as ingest:
        assert await asyncio.wait_for(ingest.wait(), 60) == 1
    with fleetgauge(env, "migrate") as migrate:
        assert await asyncio.to_thread(migrate.await_exit) == 1
    found = await examine(database_settings(database), kafka, datetime.now(UTC))
    commands = {finding.hint for finding in found if finding.check == "broker"}
    for name, setting, value in wrong:
        says = f"topic {name} has {setting}={value}, but needs "
        # Nobody can send to it: what is there can be read all the same.
        assert setting == "min.insync.replicas" or says in ingest.log.splitlines()[-1]
        assert says in migrate.output
        assert any(says in finding.says for finding in found)
    assert all(command and command in migrate.output for command in commands)
    assert len(commands) == len(wrong)
    for name in {name for name, _, _ in wrong}:
        own = [str(c) for c in commands if f"--entity-name {name} " in str(c)]
        fixes = dict(re.findall(r"--add-config (\S+)=(\S+)", " ".join(own)))
        (topic,) = (topic for topic in topics_to_create(kafka) if topic.name == name)
        await configure(stack, name, {**config(topic, kafka), **fixes})

    async def fixed() -> bool:
        return not (await inspect(kafka, topics_to_create(kafka))).faults

    await until(fixed, "topics without a fault", 60)
    assert await asyncio.to_thread(create_topics, kafka) == 0


def faults(name: str) -> float | None:
    return REGISTRY.get_sample_value("fleetgauge_topic_faults", {"topic": name})


async def test_what_becomes_wrong_while_ingest_runs_is_reported(
    stack: Stack, kafka: KafkaSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await asyncio.to_thread(create_topics, kafka) == 0
    samples = topics_to_create(kafka)[0]
    watching = asyncio.create_task(TopicWatch(kafka).run(period_s=0.1))

    async def are(expected: int) -> bool:
        return faults(samples.name) == expected

    await until(partial(are, 0), "no fault", 60)
    partitions = REGISTRY.get_sample_value("fleetgauge_topic_partitions", {"topic": samples.name})
    assert partitions == 6
    as_made = config(samples, kafka)
    await configure(stack, samples.name, {**as_made, "cleanup.policy": "compact"})
    await until(partial(are, 1), "a fault", 60)
    await configure(stack, samples.name, as_made)
    await until(partial(are, 0), "no fault", 60)
    async with admin(kafka) as client:
        await client.delete_topics([samples.name])
    await until(partial(are, 1), "a missing topic", 60)
    watching.cancel()
    output = capsys.readouterr().out
    # Once, and not at each look.
    assert output.count(f"topic {samples.name} has cleanup.policy=compact") == 1
    assert output.count(f"topic {samples.name} is missing") == 1


SAME = [
    ("deadletter_topic", "samples_topic", "SAMPLES_TOPIC and FLEETGAUGE_DEADLETTER_TOPIC are both"),
    ("events_topic", "samples_topic", "SAMPLES_TOPIC and FLEETGAUGE_EVENTS_TOPIC are both"),
    ("events_topic", "replayed_topic", "EVENTS_TOPIC and the topic of replayed letters, FLEETG"),
]


@pytest.mark.parametrize(("changed", "other", "words"), SAME)
def test_one_topic_for_two_uses(
    changed: str, other: str, words: str, kafka: KafkaSettings, run_ingest: Callable[..., str]
) -> None:
    name = getattr(kafka, other)
    assert words in run_ingest(**{f"FLEETGAUGE_{changed.upper()}": name})


@pytest.fixture
def run_ingest(stack: Stack, topics: Topics) -> Callable[..., str]:
    """What an ingest says that ends by its settings."""

    def run(**settings: str) -> str:
        url = "postgresql://nobody@127.0.0.1:1/nowhere"
        with fleetgauge(environment(url, stack, topics, **settings), "ingest") as process:
            assert process.await_exit() == 2
        return process.output

    return run

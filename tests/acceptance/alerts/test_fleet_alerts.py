"""Each of Grafana's alerts on the fleet: its condition becomes true by events in the tables."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from schemas.events import Event, Sample, Status
from tests.integration.emit.topics import made
from tests.support.dashboards import provisioned
from tests.support.ingest_process import ingest_process
from tests.support.kafka import Put, put
from tests.support.oracle import all_stored
from tests.support.stack import Stack, Topics, environment

RULES: dict[str, Any] = {
    rule["uid"]: rule
    for group in provisioned("alerting/fleet.yaml")["groups"]
    for rule in group["rules"]
}


def status(agent: str, state: Any, ago: timedelta) -> Status:
    return Status(user_id="u", agent_id=agent, ts=datetime.now(UTC) - ago, status=state)


def sample(agent: str, ago: timedelta, storage_used_mb: int = 10) -> Sample:
    return Sample(
        user_id="u",
        agent_id=agent,
        ts=datetime.now(UTC) - ago,
        cpu=1.0,
        memory=1.0,
        messages=1,
        errors=0,
        storage_used_mb=storage_used_mb,
        storage_total_mb=100,
    )


NOW, EARLIER = timedelta(), timedelta(minutes=11)


def well() -> list[Event]:
    """An agent that runs, and one that was stopped."""
    return [
        status("well", "running", EARLIER),
        sample("well", NOW, storage_used_mb=89),
        status("stopped", "stopped", EARLIER),
    ]


def causes() -> dict[str, list[Event]]:
    """By rule, what brings it about."""
    return {
        "fleetgauge-agents-failed": [status("failed", "failed", NOW)],
        "fleetgauge-agents-silent": [
            status("silent", "running", EARLIER),
            sample("silent", EARLIER),
        ],
        "fleetgauge-storage-full": [
            status("full", "stopped", NOW),
            sample("full", NOW, storage_used_mb=90),
        ],
    }


def is_true(rule: Any, database: str) -> bool:
    """What Grafana makes of the rule's query: the last value, beside a threshold."""
    query, _, threshold = (part["model"] for part in rule["data"])
    (condition,) = threshold["conditions"]
    assert condition["evaluator"]["type"] == "gt"
    with psycopg.connect(database) as connection:
        rows = connection.execute(query["rawSql"].encode()).fetchall()
    return bool(rows[-1][1] > condition["evaluator"]["params"][0])


async def test_each_becomes_true_by_its_cause_alone(
    stack: Stack, database: str, topics: Topics, tmp_path: Path
) -> None:
    await made(stack.kafka_bootstrap, topics)
    assert causes().keys() == RULES.keys()

    async def send(events: list[Event]) -> None:
        for event in events:
            topic = topics.samples if isinstance(event, Sample) else topics.events
            await put(stack, topic, [Put(msgspec.json.encode(event), b"k")])
        await all_stored(stack, database, topics)

    env = environment(database, stack, topics)
    async with ingest_process(env, tmp_path / "ingest.log"):
        await send(well())
        expected: set[str] = set()
        assert {uid for uid, rule in RULES.items() if is_true(rule, database)} == expected
        for uid, events in causes().items():
            await send(events)
            expected.add(uid)
            assert {uid for uid, rule in RULES.items() if is_true(rule, database)} == expected


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_asks_reduces_and_compares(rule: Any) -> None:
    assert [part["refId"] for part in rule["data"]] == ["A", "B", "C"]
    assert rule["condition"] == "C"
    assert rule["data"][1]["model"]["reducer"] == "last"

"""The doctor on the real broker and database: a part that is away is a finding, never an error."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql as composed

from ingest.admin.doctor.examine import examine
from ingest.admin.doctor.finding import Finding, Level
from schemas.settings import KafkaSettings
from tests.support.ingest_process import ingest_process
from tests.support.kafka import Put, alter, put
from tests.support.rows import Row, insert, set_watermark
from tests.support.stack import Stack, Topics, database_settings, environment, free_port
from tests.support.waiting import until

Environment = Callable[..., dict[str, str]]
NOWHERE = "postgresql://someone:a-password@127.0.0.1:{port}/fleetgauge"


async def findings(database: str, kafka: KafkaSettings) -> list[Finding]:
    return await examine(database_settings(database), kafka, datetime.now(UTC))


@pytest.fixture
async def known_topics(kafka: KafkaSettings, made_topics: Topics) -> Topics:
    """Topics that are made, and that the broker has heard of: it takes it a moment."""
    nowhere = NOWHERE.format(port=free_port())

    async def known() -> bool:
        return "broker" not in {f.check for f in await findings(nowhere, kafka) if f.hint}

    await until(known, "topics that are known", 60)
    return made_topics


def ill(found: list[Finding]) -> list[tuple[str, Level, str]]:
    """Check, level and sentence of what does not go well."""
    return [(f.check, f.level, f.says) for f in found if f.level is not Level.OK]


async def test_nothing_is_wrong_where_everything_runs(
    database: str,
    kafka: KafkaSettings,
    known_topics: Topics,
    ingest_environment: Environment,
    tmp_path: Path,
) -> None:
    async with ingest_process(ingest_environment(), tmp_path / "ingest.log") as ingest:
        await ingest.said('"claimed"')

        async def all_well() -> bool:
            return not ill(await findings(database, kafka))

        await until(all_well, "nothing wrong", 60)
        found = await findings(database, kafka)
        assert await ingest.stop() == 0
    checks = [finding.check for finding in found]
    assert checks == [
        *("database", "rights", "migrations", "ingest", "upkeep", "conservation"),
        *(["storage"] * 6),
        *("orphans", "windows", "broker", "deadletters", "lag", "watermark", "groups", "databases"),
    ]


async def test_what_is_undone_is_reported(
    database: str, kafka: KafkaSettings, known_topics: Topics, stack: Stack
) -> None:
    now = datetime.now(UTC)
    insert(database, [Row("alice/a", now - timedelta(days=days)) for days in (43, 0)])
    await put(stack, known_topics.events, [Put(b"{}", b"k")])
    found = ill(await findings(database, kafka))
    assert [(check, level) for check, level, _ in found] == [
        ("ingest", Level.PROBLEM),
        *[("upkeep", Level.PROBLEM)] * 8,
        ("conservation", Level.WARNING),
        ("storage", Level.PROBLEM),
        ("lag", Level.WARNING),
    ]
    assert found[10][2].endswith("the oldest chunk should have been dropped 4 days ago")


async def test_what_an_idle_fleet_keeps_is_no_problem(
    database: str, kafka: KafkaSettings, known_topics: Topics
) -> None:
    insert(database, [Row("alice/a", datetime.now(UTC) - timedelta(days=200))])
    assert "storage" not in {check for check, _, _ in ill(await findings(database, kafka))}


async def test_a_sample_and_a_heartbeat_from_the_future_are_reported(
    database: str, kafka: KafkaSettings, known_topics: Topics
) -> None:
    ahead = datetime.now(UTC) + timedelta(days=400)
    insert(database, [Row("alice/a", ahead)])
    with psycopg.connect(database) as connection:
        connection.execute(
            "insert into platform_heartbeats values (date_trunc('minute', %s::timestamptz))",
            [ahead],
        )
    found = {check: says for check, _, says in ill(await findings(database, kafka))}
    assert found["ingest"] == "ingest has never run on this database"
    assert found["clock"].startswith("the newest sample (agent a of user alice) has the time ")


async def test_a_topic_that_outlives_its_samples_is_reported(
    database: str, kafka: KafkaSettings, known_topics: Topics, stack: Stack
) -> None:
    await alter(stack, known_topics.samples, {"retention.ms": str(8 * 86_400_000)})
    (says,) = [
        says for check, _, says in ill(await findings(database, kafka)) if check == "windows"
    ]
    assert says.startswith(f"topic {known_topics.samples} keeps records for 8 days")
    assert "set FLEETGAUGE_RAW_RETENTION_DAYS=39, or run 'kafka-configs.sh" in says


async def test_a_gap_is_reported(database: str, kafka: KafkaSettings, known_topics: Topics) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "insert into ingest_offsets values (%s, 0, 7, 1, 'another')", [known_topics.samples]
        )
    gaps = [says for check, _, says in ill(await findings(database, kafka)) if check == "lag"]
    assert gaps[0].startswith(
        f"{known_topics.samples}/0: stored offset 7 belongs to cluster another"
    )


async def test_a_watermark_that_stands_still_is_reported(
    database: str, kafka: KafkaSettings, known_topics: Topics, stack: Stack
) -> None:
    now = datetime.now(UTC)
    set_watermark(database, now - timedelta(minutes=30))
    with psycopg.connect(database) as connection:
        connection.execute(
            "insert into ingest_offsets (topic, partition, next_offset, epoch, cluster_id, "
            "last_record_offset, last_record_ts, last_record_crc) "
            "values (%s, 1, 1, 1, 'this', 0, %s, 0)",
            [known_topics.samples, now],
        )

    async def watermark_finding(settings: KafkaSettings = kafka) -> tuple[Level, str, str | None]:
        (found,) = [f for f in await findings(database, settings) if f.check == "watermark"]
        return found.level, found.says, found.hint

    behind = "0:30:00 behind the newest stored record; queries aggregate the later samples"
    refresh = "fleetgauge maintain --refresh, and check that a fleetgauge ingest runs"
    away = kafka.model_copy(update={"kafka_bootstrap": f"127.0.0.1:{free_port()}"})
    for settings in (kafka, away):
        level, says, hint = await watermark_finding(settings)
        assert (level, hint) == (Level.WARNING, refresh)
        assert behind in says
    await put(stack, known_topics.samples, [Put(b"{}", b"k")])
    level, says, hint = await watermark_finding()
    assert says.endswith(f": {known_topics.samples}/0 has records, and none of them is stored yet")
    assert hint == "start more fleetgauge ingest processes, up to one per partition"


async def test_a_database_that_is_not_migrated_is_reported(
    empty_database: str, kafka: KafkaSettings, known_topics: Topics
) -> None:
    found = await findings(empty_database, kafka)
    checks = ["database", "rights", "migrations", "broker", "deadletters"]
    assert [f.check for f in found] == checks
    ((check, level, says),) = ill(found)
    assert (check, level) == ("migrations", Level.PROBLEM)
    assert says.startswith("pending: 0001_agents, ")


async def test_a_newer_versions_database_is_reported(
    database: str, kafka: KafkaSettings, known_topics: Topics
) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("insert into schema_migrations values ('9999')")
    found = await findings(database, kafka)
    says = "a newer fleetgauge has migrated this database: 9999"
    assert ("migrations", Level.WARNING, says) in ill(found)
    assert "storage" in [finding.check for finding in found]


async def test_what_a_role_may_not_read_is_reported(
    database: str, kafka: KafkaSettings, known_topics: Topics
) -> None:
    name = f"{urlsplit(database).path[1:]}_nobody"
    role = composed.Identifier(name)
    url = urlsplit(database)
    nobody = urlunsplit(url._replace(netloc=f"{name}:p@{url.hostname}:{url.port}"))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(composed.SQL("create role {} login password 'p'").format(role))
        try:
            found = ill(await findings(nobody, kafka))
        finally:
            connection.execute(composed.SQL("drop role {}").format(role))
    assert {level for _, level, _ in found} == {Level.PROBLEM}
    assert [check for check, _, _ in found] == ["rights"] * 5 + ["database"]
    assert "lacks temporary on database" in found[0][2]
    assert "permission denied" in found[-1][2]


async def test_parts_that_are_away_are_reported(
    stack: Stack, kafka: KafkaSettings, known_topics: Topics
) -> None:
    nowhere = NOWHERE.format(port=free_port())
    found = await findings(nowhere, kafka)
    assert [f.check for f in found] == ["database", "broker", "deadletters"]
    away = kafka.model_copy(update={"kafka_bootstrap": f"127.0.0.1:{free_port()}"})
    found = await findings(nowhere, away)
    assert [(f.check, f.level) for f in found] == [
        ("database", Level.PROBLEM),
        ("broker", Level.PROBLEM),
    ]
    assert all("no answer" in finding.says for finding in found)


async def test_topics_that_are_missing_are_reported(database: str, kafka: KafkaSettings) -> None:
    found = [f for f in await findings(database, kafka) if f.check == "broker"]
    assert [(f.level, f.hint) for f in found] == [(Level.PROBLEM, "fleetgauge migrate")]


def doctor(variables: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "fleetgauge", "doctor", *words]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_the_command_reports_it_by_its_status(
    words: tuple[str, ...], database: str, stack: Stack, known_topics: Topics
) -> None:
    done = doctor(environment(database, stack, known_topics), *words)
    assert (done.returncode, done.stderr) == (1, "")
    if words:
        report: list[dict[str, Any]] = json.loads(done.stdout)
        (ingest,) = (one for one in report if one["check"] == "ingest")
        assert (ingest["level"], ingest["hint"]) == ("problem", "fleetgauge ingest")
    else:
        assert "problem  ingest      ingest has never run on this database" in done.stdout
        assert " -> fleetgauge ingest\n" in done.stdout


def test_the_command_needs_no_part_to_be_there(stack: Stack, topics: Topics) -> None:
    variables = environment(NOWHERE.format(port=free_port()), stack, topics)
    variables["FLEETGAUGE_KAFKA_BOOTSTRAP"] = f"127.0.0.1:{free_port()}"
    done = doctor(variables)
    assert (done.returncode, done.stderr) == (1, "")
    assert "a-password" not in done.stdout
    assert len(done.stdout.splitlines()) == 4

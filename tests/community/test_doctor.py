"""The doctor on the community edition: columnstore, windows, refreshes and jobs of the server."""

from datetime import UTC, datetime, timedelta

import psycopg
from pydantic import SecretStr

from ingest.admin.clocks import Clocks
from ingest.admin.doctor.examine import examine
from ingest.admin.doctor.finding import Finding, Level
from ingest.admin.upkeep import Upkeep
from schemas.settings import DatabaseSettings, KafkaSettings
from tests.community.jobs import after_a_run, run_job
from tests.community.samples import store
from tests.community.server import IS_FULL, community_database
from tests.community.test_upkeep import note_a_refresh
from tests.support.rows import refresh
from tests.support.stack import database_settings, free_port

DAY = timedelta(days=1)


async def findings(settings: DatabaseSettings, now: datetime) -> dict[str, list[Finding]]:
    """What is found of the database, by check; there is no broker."""
    kafka = KafkaSettings(kafka_bootstrap=f"127.0.0.1:{free_port()}")
    found: dict[str, list[Finding]] = {}
    for finding in await examine(settings, kafka, now):
        found.setdefault(finding.check, []).append(finding)
    return found


async def test_what_the_server_does_by_itself_is_examined() -> None:
    # Not when the module was loaded: the server's clock has gone on since.
    now = datetime.now(UTC)

    async def clocks(_: object) -> Clocks:
        return Clocks(now, now)

    with community_database() as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("insert into agents (user_id, agent_id) values ('u', 'a')")
        times = [now - n * timedelta(minutes=5) for n in range(10 * 288)]
        store(connection, [(ts, 1, 1, 2, 3, 0, None) for ts in times])
        refresh(url, now)
        settings = database_settings(url)
        if not IS_FULL:
            behind = (await findings(settings, now))["refresh"]
            assert [f.level for f in behind] == [Level.WARNING]

        run_job(connection, "refresh_metrics")
        run_job(connection, "compress_chunks")
        after_a_run(connection, now)
        await Upkeep(settings, timedelta(hours=1), clocks).run_due_tasks()
        await note_a_refresh(settings)
        found = await findings(settings, now)
        assert "community edition" in found["database"][0].says
        assert [f.says for f in found["upkeep"]] == ["11 tasks and jobs run without errors"]
        assert [f.level for f in found["refresh"]] == [Level.OK]
        assert found["refresh"][0].facts["watermarks"].keys() == {
            "agent_metrics_5m",
            "agent_metrics_1h",
            "agent_metrics_1d",
        }
        samples = found["storage"][0]
        assert samples.facts["compressed"] in {6, 7}
        assert samples.facts["before_bytes"] > samples.facts["after_bytes"] > 0
        assert "in the columnstore at 1/" in samples.says
        assert [f.level for f in found["windows"]] == [Level.OK]


async def test_what_differs_from_the_settings_or_is_off_is_reported(community: str) -> None:
    now = datetime.now(UTC)
    longer = DatabaseSettings(database_url=SecretStr(community), refresh_start_days=33)
    with psycopg.connect(community, autocommit=True) as connection:
        after_a_run(connection, now)
        row = connection.execute(
            "select job_id, alter_job(job_id, scheduled => false) "
            "from timescaledb_information.jobs where proc_name = 'refresh_metrics'"
        ).fetchone()
    assert row is not None
    found = await findings(longer, now)
    (windows,) = found["windows"]
    assert (windows.level, windows.hint) == (Level.WARNING, "fleetgauge migrate")
    assert windows.says.endswith("refresh_metrics has 32 days instead of 33")
    assert [f.hint for f in found["upkeep"] if "refresh_metrics is" in f.says] == [
        f"select alter_job({row[0]}, scheduled => true)"
    ]

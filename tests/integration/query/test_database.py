"""The sessions that the service opens."""

import pytest
from pydantic import SecretStr

from query.database import make_pool
from schemas.settings import DatabaseSettings

SHOWN = {
    "application_name": "fleetgauge-query",
    "plan_cache_mode": "force_generic_plan",
    "statement_timeout": "5s",
    "timezone": "UTC",
    "work_mem": "5MB",
}


@pytest.mark.parametrize(("setting", "value"), SHOWN.items())
async def test_each_session_is_set_up(empty_database: str, setting: str, value: str) -> None:
    url = f"{empty_database}?options=-cwork_mem%3D5MB"
    pool = make_pool(DatabaseSettings(database_url=SecretStr(url)), size=1)
    async with pool, pool.connection() as connection:
        assert connection.autocommit
        shown = await (await connection.execute("select current_setting(%s)", [setting])).fetchone()
    assert shown == (value,)

"""What sessions of the database wait for."""

from typing import Any

from psycopg import AsyncConnection

from tests.support.waiting import until

WAITING = """
    select count(*) from pg_stat_activity
    where pg_backend_pid() = any(pg_blocking_pids(pid))
"""


NAMED = """
    select count(*) from pg_stat_activity
    where application_name = %s and cardinality(pg_blocking_pids(pid)) > 0
"""


async def waits(looking: AsyncConnection[Any], application_name: str) -> None:
    """Returns when a session of this name waits for another one."""

    async def probe() -> bool:
        await looking.execute("select pg_stat_clear_snapshot()")
        return await (await looking.execute(NAMED, [application_name])).fetchone() != (0,)

    await until(probe, f"{application_name} that waits", 60)


async def blocks(holder: AsyncConnection[Any]) -> None:
    """Returns when somebody waits for this session."""

    async def probe() -> bool:
        # Within a transaction the first look at the sessions would be the last.
        await holder.execute("select pg_stat_clear_snapshot()")
        return await (await holder.execute(WAITING)).fetchone() != (0,)

    await until(probe, "a session that waits", 60)

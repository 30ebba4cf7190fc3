"""A pool says why it has no connection, and keeps none that may not write."""

from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg_pool import PoolTimeout

from sql.pool import Pool
from sql.session import Session, UnusableDatabase
from tests.support.stack import database_settings


def pool_of(url: str) -> Pool:
    return Pool(database_settings(url), Session("test"), min_size=1, max_size=1, timeout=1.0)


async def write(pool: Pool) -> int:
    """Writes; returns the server process that did."""
    async with pool.connection() as connection:
        await connection.execute(b"create table written ()")
        return connection.server_pid


async def test_a_session_that_may_not_write_is_not_used_again(empty_database: str) -> None:
    async with pool_of(empty_database) as pool:
        async with pool.connection() as connection:
            first = connection.server_pid
            await connection.execute("set default_transaction_read_only = on")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await write(pool)
        assert await write(pool) != first


# where the database would be, the error, a part of its sentence
WRONG: list[tuple[str, type[psycopg.Error], str]] = [
    ("{server}", UnusableDatabase, r"authentication failed .*: correct the role"),
    ("127.0.0.1:1", PoolTimeout, r"couldn't get .* sec: .* refused"),
]


@pytest.mark.parametrize(("where", "kind", "sentence"), WRONG)
async def test_the_reason_is_reported(
    empty_database: str, where: str, kind: type[psycopg.Error], sentence: str
) -> None:
    server = urlsplit(empty_database).netloc.rpartition("@")[2]
    async with pool_of(f"postgresql://nobody:x@{where.format(server=server)}/nowhere") as pool:
        with pytest.raises(psycopg.OperationalError, match=sentence) as caught:
            async with pool.connection():
                pass
    assert type(caught.value) is kind

"""Whether the process lives and whether requests can be answered."""

import asyncio
from http import HTTPStatus

import psycopg
import structlog
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import SkipValidation
from psycopg_pool import PoolTimeout

from query.auth import PUBLIC
from query.database import Pool
from schemas.responses import Live, Ready
from schemas.settings import DatabaseSettings
from sql.edition import EditionError
from sql.migrate import pending
from sql.queries import query

log = structlog.get_logger(__name__)


class Readiness:
    """Asks the database whether it is there and migrated; remembers the second once it is so."""

    def __init__(self, database: DatabaseSettings, pool: Pool) -> None:
        self._url = database.database_url.get_secret_value()
        self._pool = pool
        self._migrated = False

    async def reasons(self) -> list[str]:
        """Why requests cannot be answered, a sentence each; empty where they can."""
        try:
            async with self._pool.connection() as connection:
                await connection.execute(query("has_migrations"))
            return [] if self._migrated else await self._migrations()
        except (psycopg.Error, PoolTimeout, EditionError) as error:
            log.warning("not ready", error=type(error).__name__, reason=str(error).split("\n")[0])
            return ["The database cannot be reached."]

    async def _migrations(self) -> list[str]:
        missing = await asyncio.to_thread(pending, self._url)
        self._migrated = not missing
        return [f"Migrations are pending: {', '.join(missing)}."] if missing else []


@get("/livez", opt=PUBLIC, sync_to_thread=False, security=[{}], summary="Whether the process runs")
def livez() -> Live:
    """Always the same answer, without a look at the database."""
    return Live(status="ok")


@get(
    "/readyz",
    opt=PUBLIC,
    security=[{}],
    summary="Whether requests can be answered",
    responses={503: ResponseSpec(Ready, description="Why not", generate_examples=False)},
)
async def readyz(
    readiness: NamedDependency[SkipValidation[Readiness]],
) -> Response[Ready]:
    """200 where the database is there and migrated, else 503 and the reasons."""
    reasons = await readiness.reasons()
    if not reasons:
        return Response(Ready(status="ok", reasons=[]))
    unavailable = Ready(status="unavailable", reasons=reasons)
    return Response(unavailable, status_code=HTTPStatus.SERVICE_UNAVAILABLE)

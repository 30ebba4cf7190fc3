"""The application: its routes, who guards them, and the pool that it opens and closes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException

from query.auth import Gate, Key, Verifier, read_public_key
from query.cache import Answers
from query.clock import Clock, utc_now
from query.database import make_pool
from query.errors import fail, refuse, require_single_parameters
from query.health import Readiness, livez, readyz
from query.historical import historical
from query.monitoring import MEASURES, Monitoring
from query.openapi import document
from query.pages import pages
from query.performance import performance
from query.platform import platform
from query.summary import summary
from schemas.settings import DatabaseSettings, HttpSettings, SettingsError

DESCRIBED: Final = (platform, historical, performance, summary, livez, readyz)


def create_app(database: DatabaseSettings, http: HttpSettings, clock: Clock = utc_now) -> Litestar:
    """The service over this database; its pool is open for as long as the application runs.

    Raises SettingsError where there is no usable key for tokens.
    """
    gate = Gate(Verifier(_key(http), clock))
    pool = make_pool(database, http.database_pool_size)
    answers = Answers(http.answer_cache_ms)
    readiness = Readiness(database, pool)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with pool:
            yield
            await answers.close()

    dependencies = {
        "pool": Provide(lambda: pool, sync_to_thread=False),
        "answers": Provide(lambda: answers, sync_to_thread=False),
        "clock": Provide(lambda: clock, sync_to_thread=False),
        "readiness": Provide(lambda: readiness, sync_to_thread=False),
    }
    return Litestar(
        [*DESCRIBED, Monitoring, *pages(document(DESCRIBED, dependencies))],
        lifespan=[lifespan],
        guards=[gate.admit, require_single_parameters],
        dependencies=dependencies,
        exception_handlers={HTTPException: refuse, Exception: fail},
        middleware=[MEASURES.middleware],
        openapi_config=None,
        logging_config=None,
    )


def _key(http: HttpSettings) -> Key:
    if http.jwt_public_key_file is not None:
        return read_public_key(http.jwt_public_key_file)
    if http.jwt_secret is None:
        raise SettingsError(["set FLEETGAUGE_JWT_SECRET or FLEETGAUGE_JWT_PUBLIC_KEY_FILE"])
    return http.jwt_secret.get_secret_value().encode()

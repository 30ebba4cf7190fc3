"""The application: its routes, its middleware, and the lifetime of its database pool."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.exceptions import HTTPException

from query.agent import agent
from query.agent_history import agent_history
from query.agents import agents, fleet_agents
from query.auth import Verifier
from query.cache import ResponseCache
from query.clock import Clock, utc_now
from query.context import QueryContext
from query.database import Overloaded, QueryPool
from query.errors import check_parameters, handle_error, handle_http_error, handle_overload
from query.health import Readiness, health
from query.historical import historical
from query.jwt_keys import keys_of
from query.limits import RequestLimits
from query.middleware import AuthMiddleware, public_paths
from query.monitoring import metrics
from query.openapi import document
from query.performance import performance
from query.platform import platform
from query.platform_history import platform_history
from query.rate import RateLimit
from query.site import pages
from query.summary import summary
from query.timeline import fleet_timeline, timeline
from query.users import users
from schemas.settings import DatabaseSettings, HttpSettings

ENDPOINTS: Final = (
    platform,
    platform_history,
    historical,
    performance,
    summary,
    fleet_agents,
    agents,
    agent,
    agent_history,
    users,
    fleet_timeline,
    timeline,
)


def create_app(settings: DatabaseSettings, http: HttpSettings, clock: Clock = utc_now) -> Litestar:
    """The service over this database; its pool is open while the application runs.

    Raises SettingsError without a usable key for tokens.
    """
    verifier = Verifier(keys_of(http), clock, http.jwt_max_ttl_s)
    database = QueryPool(settings, http.database_pool_size)
    answers = ResponseCache(http.answer_cache_ms)
    readiness = Readiness(settings, database, clock)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with database:
            yield
            await readiness.close()
            await answers.close()

    context = QueryContext(database, answers, clock)
    endpoints = [endpoint(context) for endpoint in ENDPOINTS]
    described = [*endpoints, *health(readiness)]
    monitoring = [metrics] if http.http_metrics_on_main_port else []
    routes = [*described, *monitoring, *pages(document(described))]
    gate = partial(
        AuthMiddleware, public=public_paths(routes), verifier=verifier, limit=_limit(http)
    )
    app = Litestar(
        routes,
        lifespan=[lifespan],
        middleware=[gate],
        before_request=check_parameters,
        exception_handlers={
            HTTPException: handle_http_error,
            Overloaded: handle_overload,
            Exception: handle_error,
        },
        cors_config=_cors(http),
        openapi_config=None,
        logging_config=None,
    )
    app.asgi_handler = RequestLimits(app.asgi_handler)
    return app


def _limit(http: HttpSettings) -> RateLimit | None:
    if http.rate_limit_per_s == 0:
        return None
    return RateLimit(http.rate_limit_per_s, http.rate_limit_burst, http.http_replicas)


def _cors(http: HttpSettings) -> CORSConfig | None:
    """The CORS rules; None, which rejects pages of other origins, if no origin is allowed."""
    if not http.cors_origins:
        return None
    return CORSConfig(
        allow_origins=http.cors_origins,
        allow_methods=["GET"],
        allow_headers=["authorization"],
        expose_headers=["retry-after"],
    )

"""The HTTP application over a test's database, with a fixed clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import httpx
import jwt
from litestar import Litestar
from pydantic import SecretStr

from query.app import create_app
from schemas.settings import DatabaseSettings, HttpSettings
from tests.support.stack import SECRET

NOW: Final = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
LOOPBACK: Final = "127.0.0.1"


def application(database: str, now: datetime = NOW, answer_cache_ms: int = 0) -> Litestar:
    """The application at a fixed time: HS256 with the tests' secret, no response cache, metrics."""
    http = HttpSettings(
        jwt_secret=SecretStr(SECRET),
        database_pool_size=4,
        answer_cache_ms=answer_cache_ms,
        rate_limit_burst=10_000,
        http_metrics_on_main_port=True,
    )
    return create_app(DatabaseSettings(database_url=SecretStr(database)), http, lambda: now)


@asynccontextmanager
async def serving(app: Litestar, host: str = LOOPBACK) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running application; `host` is the address that the service sees."""
    transport = httpx.ASGITransport(cast(Any, app), raise_app_exceptions=False, client=(host, 1234))
    async with (
        app.lifespan(),
        httpx.AsyncClient(transport=transport, base_url="http://fleetgauge.test") as client,
    ):
        yield client


def token(sub: str, scope: str = "user", now: datetime = NOW) -> str:
    """A token that is valid for an hour from `now`."""
    claims = {"sub": sub, "scope": scope, "aud": "fleetgauge", "exp": now + timedelta(hours=1)}
    return jwt.encode(claims, SECRET, "HS256")


def bearer(encoded: str) -> dict[str, str]:
    """The header with a token."""
    return {"Authorization": f"Bearer {encoded}"}
